// Hands and questions at the writer: whose they are, at which line, what is noted, and what viewers
// are told of that. Pure. Nothing of it is kept beyond the page, and a viewer's name is its socket.

import { Allowance } from './allowance.js';
import { ofOneMessage } from './answers.js';
import { HANDS, HEARD_BURST, HEARD_EVERY_MS, MAX_HANDS, QUESTIONS } from './hand-messages.js';
import { COLLECT_MS, ROLL_CALL_MS } from './protocol.js';

/**
 * @typedef {import('./ops.js').Op} Op
 * @typedef {import('./hand-messages.js').HandMessage} HandMessage
 * @typedef {{ n: number, up: boolean, offset: number | undefined, question: string, since: number,
 *   state: 'raised' | 'noted' | 'cleared', present: boolean, allowance: Allowance }} Seat
 *   offset: where the line begins that it points at; present: has spoken since the roll was called
 * @typedef {{ sid: string, up: boolean, line: number | undefined, question: string, since: number,
 *   noted: boolean }} Raised
 * @typedef {{ to: string[], n: number, state: 'noted' | 'cleared' }} Told
 */

const NEVER = Infinity;

/** @param {Seat} seat */
const isRaised = ({ up, question }) => up || question !== '';

export class Hands {
  /** @type {Map<string, Seat>} by socket; lowered ones too, because of their numbers */
  #seats = new Map();
  /** @type {Set<string>} who is to be told how things are */
  #untold = new Set();
  #tellAt = 0;
  #rollEnd = NEVER;
  /** Grows with each change that can be seen. */
  version = 0;

  /** @param {number} allowed */
  constructor(allowed) {
    this.allowed = allowed;
  }

  // ---- what is heard ----

  /**
   * @param {string} sid @param {HandMessage} message @param {string} text  the writer's
   * @param {number} now
   */
  heard(sid, message, text, now) {
    if (this.allowed < HANDS) return;
    const seat = this.#seats.get(sid) ?? this.#seat(sid);
    if (!seat?.allowance.take(now)) return;
    seat.present = true;
    if (message.n < seat.n) return;
    if (message.n === seat.n) {
      // It is said again: what it was told of it may have been lost.
      if (seat.state !== 'raised') this.#untold.add(sid);
      return;
    }
    const wasRaised = isRaised(seat);
    const question = this.allowed < QUESTIONS ? '' : message.question;
    const offset = message.line === undefined ? undefined : startOfLine(text, message.line);
    Object.assign(seat, { n: message.n, up: message.up, offset, question, state: 'raised' });
    if (!wasRaised) seat.since = now;
    this.#untold.delete(sid);
    this.version++;
  }

  /** @param {string} sid @returns {Seat | undefined} undefined: there are too many */
  #seat(sid) {
    if (this.#seats.size >= MAX_HANDS) {
      const lowered = [...this.#seats].find(([, seat]) => !isRaised(seat));
      if (!lowered) return undefined;
      this.#drop(lowered[0]);
    }
    /** @type {Seat} */
    const seat = {
      n: -1,
      up: false,
      offset: undefined,
      question: '',
      since: 0,
      state: 'raised',
      present: true,
      allowance: new Allowance(HEARD_BURST, HEARD_EVERY_MS),
    };
    this.#seats.set(sid, seat);
    return seat;
  }

  /** @param {string} sid */
  #drop(sid) {
    this.#seats.delete(sid);
    this.#untold.delete(sid);
    this.version++;
  }

  /** The viewer has left. @param {string} sid */
  leave(sid) {
    if (this.#seats.has(sid)) this.#drop(sid);
  }

  /** Viewers that are there will say again that their hands are up. @param {number} now */
  callRoll(now) {
    for (const seat of this.#seats.values()) seat.present = false;
    this.#rollEnd = this.#seats.size > 0 ? now + ROLL_CALL_MS : NEVER;
  }

  /** Lines move with the text around them. @param {Op[]} ops  edits of the writer's text */
  edited(ops) {
    for (const seat of this.#seats.values()) {
      if (seat.offset === undefined) continue;
      const moved = ops.reduce(movedBy, seat.offset);
      if (moved !== seat.offset) this.version++;
      seat.offset = moved;
    }
  }

  // ---- what the person does ----

  /** @param {number} allowed */
  allow(allowed) {
    this.allowed = allowed;
    this.version++;
    // They are told, since what is soon allowed again was for them never forbidden.
    for (const [sid, seat] of this.#seats) {
      if (allowed < HANDS || (allowed < QUESTIONS && !seat.up)) this.clear(sid);
      else if (allowed < QUESTIONS) seat.question = '';
    }
  }

  /** @param {string} sid */
  note(sid) {
    const seat = this.#seats.get(sid);
    if (!seat || !isRaised(seat)) return;
    seat.state = 'noted';
    this.#untold.add(sid);
    this.version++;
  }

  /** @param {string} sid */
  clear(sid) {
    const seat = this.#seats.get(sid);
    if (!seat || !isRaised(seat)) return;
    Object.assign(seat, { up: false, offset: undefined, question: '', state: 'cleared' });
    this.#untold.add(sid);
    this.version++;
  }

  clearAll() {
    for (const sid of this.#seats.keys()) this.clear(sid);
  }

  // ---- what there is ----

  /** The first one first. @param {string} text  the writer's @returns {Raised[]} */
  list(text) {
    const raised = [...this.#seats].filter(([, seat]) => isRaised(seat));
    const lines = linesOf(text, raised.flatMap(([, { offset }]) => offset ?? []));
    return raised
      .map(([sid, { up, offset, question, since, state }]) => ({
        sid,
        up,
        line: offset === undefined ? undefined : lines.get(offset),
        question,
        since,
        noted: state === 'noted',
      }))
      .sort((a, b) => a.since - b.since);
  }

  // ---- what is to be done ----

  get wakeAt() {
    return Math.min(this.#rollEnd, this.#untold.size > 0 ? this.#tellAt : NEVER);
  }

  /**
   * Whom to tell what, with one message.
   * @param {number} now @returns {Told | undefined}
   */
  take(now) {
    this.#endRoll(now);
    if (now < this.#tellAt) return undefined;
    const [first] = this.#untold;
    const told = first === undefined ? undefined : this.#seats.get(first);
    if (!told || told.state === 'raised') {
      this.#untold.delete(first);
      return undefined;
    }
    const { n, state } = told;
    const alike = [...this.#untold].filter((sid) => {
      const seat = this.#seats.get(sid);
      return seat?.n === n && seat.state === state;
    });
    const to = ofOneMessage(alike);
    for (const sid of to) this.#untold.delete(sid);
    this.#tellAt = now + COLLECT_MS;
    return { to, n, state };
  }

  /** It was refused: they are told again, unless they have changed their minds. @param {Told} told */
  refused({ to, n }) {
    for (const sid of to) if (this.#seats.get(sid)?.n === n) this.#untold.add(sid);
  }

  /** @param {number} now */
  #endRoll(now) {
    if (now < this.#rollEnd) return;
    this.#rollEnd = NEVER;
    for (const [sid, { present }] of this.#seats) if (!present) this.#drop(sid);
  }
}

/** @param {number} place @param {Op} op */
function movedBy(place, [offset, deleted, inserted]) {
  if (place < offset) return place;
  return place >= offset + deleted ? place - deleted + inserted.length : offset;
}

/** @param {string} text @param {number} line  counted from 1; of a later one, the last counts */
function startOfLine(text, line) {
  let start = 0;
  for (let i = 1; i < line; i++) {
    const end = text.indexOf('\n', start);
    if (end < 0) break;
    start = end + 1;
  }
  return start;
}

/** The lines at some places. @param {string} text @param {number[]} places */
function linesOf(text, places) {
  const lines = new Map();
  let line = 1;
  let next = text.indexOf('\n');
  for (const place of places.sort((a, b) => a - b)) {
    for (; next >= 0 && next < place; next = text.indexOf('\n', next + 1)) line++;
    lines.set(place, line);
  }
  return lines;
}
