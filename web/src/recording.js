// Everything that this page has shown: each text, where the writer was in it, and under which name,
// with its time. Pure. It takes a bounded amount of memory: the oldest moments are evicted first.

import { Pieces } from './pieces.js';

/**
 * @typedef {import('./ops.js').Op} Op
 * @typedef {import('./protocol.js').View['selections']} Selections
 * @typedef {{ language: string, name: string }} Title
 * @typedef {{ ops: Op[], time: number, at: number, cursor?: Selections, title?: Title }} Step
 *   at: ms on the tape, where pauses are short; cursor, title: if they have changed
 * @typedef {{ text: string, cursor: Selections, title: Title }} Picture
 * @typedef {Picture & { time: number, at: number }} Moment
 * @typedef {{ start: number, first: Moment, steps: Step[], weight: number }} Stretch
 */

/** About how much is kept, in UTF-16 units: an hour of typing in as long a text as there can be. */
const MAX_WEIGHT = 12 * 1024 * 1024;
/** What a step, an edit and a selection weigh besides text. */
const STEP_WEIGHT = 64;
const OP_WEIGHT = 48;
const SELECTION_WEIGHT = 16;
/** A whole text is kept every so many steps, or as soon as the edits since weigh as much as it. */
const MAX_STEPS = 2_000;
const MIN_WEIGHT = 32 * 1024;
/** A pause of the writer takes no longer than this on the tape. */
export const IDLE_MS = 2_000;
/** While only the cursor moves, it is kept this often. */
const CURSOR_MS = 200;

const NOTHING = { text: '', cursor: [], title: { language: 'plaintext', name: '' } };

export class Recording {
  /** The moment that was looked at last: the next is mostly near it. */
  #look = { stretch: /** @type {Stretch | undefined} */ (undefined), steps: 0, pieces: new Pieces(''), picture: /** @type {Picture} */ (NOTHING) };

  /** @type {string | (() => string)} */
  #newestText = '';

  /** @param {{ maxWeight?: number }} [options] */
  constructor({ maxWeight = MAX_WEIGHT } = {}) {
    this.maxWeight = maxWeight;
    /** The numbers of the first and the last moment that can be shown. */
    this.first = 0;
    this.last = 0;
    /** @type {Stretch[]} */
    this.stretches = [];
    /** @type {Omit<Picture, 'text'>} */
    this.now = NOTHING;
    /** When the last step was, and where on the tape. */
    this.time = 0;
    this.end = 0;
  }

  /** The text of the last moment. */
  get text() {
    return typeof this.#newestText === 'string' ? this.#newestText : this.#newestText();
  }

  get empty() {
    return this.last === this.first;
  }

  /** Where on the tape the first moment is. */
  get begin() {
    return this.stretches[0]?.first.at ?? 0;
  }

  // ---- recording ----

  /**
   * @param {Op[]} edits @param {string | (() => string)} text  the text afterwards; where it is
   *   dear, a function makes it when it is needed
   * @param {number} time
   * @param {{ cursor?: Selections, title?: Title }} [where]
   */
  add(edits, text, time, { cursor = this.now.cursor, title = this.now.title } = {}) {
    const ops = edits.filter(([, deleted, inserted]) => deleted > 0 || inserted !== '');
    const moved = !same(cursor, this.now.cursor);
    const renamed = !same(title, this.now.title);
    const empty = this.stretches.length === 0;
    if (!empty && ops.length === 0 && !moved && !renamed) return;
    this.now = { cursor, title };
    this.#newestText = text;
    // It begins with the first text: the empty screen before that is nothing to go back to.
    if (empty) this.time = time;
    else this.#push({ ops, time, at: this.#placeAt(time), ...(moved && { cursor }), ...(renamed && { title }) });
    if (empty || this.#isFull()) this.#begin();
    this.#evict();
  }

  /** Where on the tape a step of this time is. @param {number} time */
  #placeAt(time) {
    return this.end + Math.max(0, Math.min(IDLE_MS, time - this.time));
  }

  /** @param {Step} step */
  #push(step) {
    const { steps } = this.#newest;
    const last = steps[steps.length - 1];
    // A cursor on its way is not worth a step for each place.
    const onTheWay = last && last.ops.length === 0 && !last.title && step.ops.length === 0;
    if (onTheWay && steps.length > 1 && step.time - last.time < CURSOR_MS) {
      last.cursor = step.cursor ?? last.cursor;
      if (step.title) last.title = step.title;
      this.#forgetLook();
      // The tape's end and its time stay at that step: what comes next is as long after it as it was.
      return;
    }
    steps.push(step);
    [this.time, this.end] = [step.time, step.at];
    this.#newest.weight += weightOf(step);
    this.last++;
  }

  get #newest() {
    return this.stretches[this.stretches.length - 1];
  }

  #isFull() {
    const { steps, weight, first } = this.#newest;
    const edits = weight - first.text.length;
    // Whole stretches are evicted, so none may make up most of the recording.
    return (
      steps.length >= MAX_STEPS ||
      edits > Math.max(MIN_WEIGHT, first.text.length) ||
      weight > this.maxWeight / 2
    );
  }

  #begin() {
    // A copy, because the text may be a part of something larger.
    const text = new Pieces(this.text).toString();
    const first = { ...this.now, text, time: this.time, at: this.end };
    this.stretches.push({ start: this.last, first, steps: [], weight: text.length });
  }

  #evict() {
    let weight = this.stretches.reduce((sum, stretch) => sum + stretch.weight, 0);
    while (weight > this.maxWeight && this.stretches.length > 1) {
      weight -= /** @type {Stretch} */ (this.stretches.shift()).weight;
      this.first = this.stretches[0].start;
      this.#forgetLook();
    }
  }

  // ---- looking ----

  /** @param {number} moment @returns {Moment} */
  show(moment) {
    const wanted = Math.min(this.last, Math.max(this.first, moment));
    const stretch = before(this.stretches, ({ start }) => start <= wanted);
    if (!stretch) return { ...NOTHING, time: 0, at: 0 };
    this.#seek(stretch, wanted - stretch.start);
    const { steps, picture } = this.#look;
    const { time, at } = steps > 0 ? stretch.steps[steps - 1] : stretch.first;
    return { ...picture, time, at };
  }

  /** @param {Stretch} stretch @param {number} steps */
  #seek(stretch, steps) {
    const look = this.#look;
    if (look.stretch !== stretch || look.steps > steps)
      Object.assign(look, { stretch, steps: 0, pieces: new Pieces(stretch.first.text), picture: stretch.first });
    if (look.steps === steps) return;
    let { cursor, title } = look.picture;
    for (const step of stretch.steps.slice(look.steps, steps)) {
      for (const op of step.ops) look.pieces.apply(op);
      cursor = step.cursor ?? cursor;
      title = step.title ?? title;
    }
    look.picture = { text: String(look.pieces), cursor, title };
    look.steps = steps;
  }

  #forgetLook() {
    this.#look.stretch = undefined;
  }

  /** When a moment was, and where on the tape; its text is not made. @param {number} moment */
  place(moment) {
    const wanted = Math.min(this.last, Math.max(this.first, moment));
    const stretch = before(this.stretches, ({ start }) => start <= wanted);
    if (!stretch) return { time: 0, at: 0 };
    const { time, at } = stretch.steps[wanted - stretch.start - 1] ?? stretch.first;
    return { time, at };
  }

  /** The last moment up to a place on the tape. @param {number} at */
  momentAt(at) {
    const stretch = before(this.stretches, ({ first }) => first.at <= at) ?? this.stretches[0];
    if (!stretch) return 0;
    return stretch.start + countBefore(stretch.steps, (step) => step.at <= at);
  }
}

/** @param {Step} step */
function weightOf({ ops, cursor = [] }) {
  const edits = ops.reduce((sum, op) => sum + OP_WEIGHT + op[2].length, STEP_WEIGHT);
  return edits + SELECTION_WEIGHT * cursor.length;
}

/** @param {object} one @param {object} other */
const same = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);

/**
 * How many of a list stand before the first that fails.
 * @template T @param {T[]} list @param {(item: T) => boolean} passes
 */
function countBefore(list, passes) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(list[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @template T @param {T[]} list @param {(item: T) => boolean} passes @returns {T | undefined} */
const before = (list, passes) => list[countBefore(list, passes) - 1];
