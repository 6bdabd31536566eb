// Which viewers have asked and are answered alone, how many of them with one message, and when.
// Pure. Whoever asks again and again waits longer each time, and all answers together have a budget
// of bytes: what a viewer can make the writer send is bounded.

import {
  ANSWER_BYTES_PER_S,
  ANSWER_MAX_MS,
  ANSWER_MIN_MS,
  COLLECT_MS,
  FLUSH_MS,
  MAX_AUDIENCE,
  MAX_FILTER,
  MAX_RECIPIENTS,
  SOMEBODY,
} from './protocol.js';

const BACK_OFF = 3;
/** Between two answers, unless more viewers wait than one answer takes. */
const PAUSE_MS = FLUSH_MS + COLLECT_MS;
/** When nobody has been answered for so long, the first who asks is answered at once. */
const QUIET_MS = 1_000;
/** A viewer that has not asked for this long begins anew. */
const FORGIVEN_MS = 2 * ANSWER_MAX_MS;
const NEVER = Infinity;

/** @param {string} text  UTF-8 */
const byteLength = (text) => new TextEncoder().encode(text).length;

/** What a recipient adds to the filter of a send: ` or '0~Lw~<id>' in groups`, encoded. */
const filterChars = (/** @type {string} */ id) =>
  '%20or%20%270~Lw~%27%20in%20groups'.length + Math.ceil((byteLength(id) * 4) / 3);

/**
 * As many of these as one message can be addressed to.
 * @param {Iterable<string>} ids
 */
export function ofOneMessage(ids) {
  const to = [];
  let chars = 0;
  for (const id of ids) {
    chars += filterChars(id);
    if (to.length > 0 && (to.length >= MAX_RECIPIENTS || chars > MAX_FILTER)) break;
    to.push(id);
  }
  return to;
}

/** Those who wait are gone through so often and no oftener. @param {number} time */
const onGrid = (time) => Math.ceil(time / COLLECT_MS) * COLLECT_MS;

/** @typedef {{ to: string[], text: boolean }} Batch  text: they need all of it, else a beat will do */

export class Answers {
  /** @type {Map<string, boolean>} who is next, and whether they need the text */
  #waiting = new Map();
  /** @type {Map<string, { due: number, text: boolean }>} who has to wait for having asked before */
  #later = new Map();
  #laterAt = NEVER;
  /** @type {Set<string>} to whom an answer is under way */
  #underWay = new Set();
  /** @type {Map<string, { at: number, pause: number }>} the last answer, the oldest first */
  #answered = new Map();
  #collectAt = NEVER;
  #nextAt = 0;
  #quietAt = 0;
  /** Whoever asks soon after one that was answered at once waits until then, as if that one waited, too. */
  #soonAt = 0;
  #credit = ANSWER_BYTES_PER_S;
  #creditAt = 0;

  /** @param {string} viewer @param {boolean} text @param {number} now */
  ask(viewer, text, now) {
    // Its answer will come. Many may be behind the one name, and each of them asks only once.
    if (this.#underWay.has(viewer) && viewer !== SOMEBODY) return;
    const { at, pause } = this.#answered.get(viewer) ?? { at: 0, pause: 0 };
    const later = this.#later.get(viewer);
    if (later) {
      later.text ||= text;
    } else if (this.#waiting.has(viewer) || now >= at + pause) {
      this.#wait(viewer, text, now);
    } else if (this.#later.size < MAX_AUDIENCE) {
      this.#later.set(viewer, { due: at + pause, text });
      this.#laterAt = Math.min(this.#laterAt, onGrid(at + pause));
    }
  }

  /** @param {string} viewer @param {boolean} text @param {number} now */
  #wait(viewer, text, now) {
    if (this.#waiting.size >= MAX_AUDIENCE) return;
    this.#waiting.set(viewer, text || this.#waiting.get(viewer) === true);
    if (this.#collectAt === NEVER) this.#collectAt = this.#collectFrom(viewer, text, now);
  }

  /** @param {string} viewer @param {boolean} text @param {number} now */
  #collectFrom(viewer, text, now) {
    if (text && now >= this.#quietAt && !this.#answered.has(viewer)) {
      this.#soonAt = now + COLLECT_MS;
      return now;
    }
    return now < this.#soonAt ? this.#soonAt : Math.max(now + COLLECT_MS, this.#nextAt);
  }

  /** The viewer has left. @param {string} viewer */
  forget(viewer) {
    this.#waiting.delete(viewer);
    this.#later.delete(viewer);
    this.#answered.delete(viewer);
  }

  /** The whole room is sent the text: whoever has asked for it gets it. */
  clear() {
    this.#waiting.clear();
    this.#later.clear();
    this.#collectAt = NEVER;
    this.#laterAt = NEVER;
  }

  /** The whole room is sent a beat: whoever needs no more than that gets it. */
  clearBeats() {
    for (const [viewer, text] of this.#waiting) if (!text) this.#waiting.delete(viewer);
    if (this.#waiting.size === 0) this.#collectAt = NEVER;
  }

  /** The connection is gone: nobody will be answered over it. */
  reset() {
    this.clear();
    this.#underWay.clear();
  }

  /** When `take` may have somebody. */
  get wakeAt() {
    const affordable = this.#credit > 0 ? 0 : this.#creditAt - (1_000 * this.#credit) / ANSWER_BYTES_PER_S;
    const ready = this.#waiting.size > 0 ? Math.max(this.#collectAt, affordable) : NEVER;
    return Math.min(ready, this.#laterAt);
  }

  /**
   * Whom the next answer goes to. When it has been acknowledged, `finish` has to be called.
   * @param {number} now @returns {Batch | undefined}
   */
  take(now) {
    this.#admitLater(now);
    this.#refill(now);
    if (this.#waiting.size === 0 || now < this.#collectAt || this.#credit <= 0) return undefined;
    const [[, text]] = this.#waiting;
    const to = this.#batch(text);
    // Who did not have to wait is to be in step with those who do.
    const at = Math.max(now, this.#soonAt);
    for (const viewer of to) {
      this.#waiting.delete(viewer);
      this.#underWay.add(viewer);
      this.#note(viewer, at);
    }
    this.#quietAt = now + QUIET_MS;
    if (now >= this.#soonAt) this.#nextAt = now + PAUSE_MS;
    this.#collectAt = this.#waiting.size > 0 ? now : NEVER;
    return { to, text };
  }

  /** @param {boolean} text @returns {string[]} */
  #batch(text) {
    const alike = [...this.#waiting].filter(([, needed]) => needed === text);
    return ofOneMessage(alike.map(([viewer]) => viewer));
  }

  /** @param {string} viewer @param {number} now */
  #note(viewer, now) {
    const last = this.#answered.get(viewer);
    const again = last && now < last.at + FORGIVEN_MS && viewer !== SOMEBODY;
    const pause = again ? Math.min(ANSWER_MAX_MS, last.pause * BACK_OFF) : ANSWER_MIN_MS;
    this.#answered.delete(viewer);
    this.#answered.set(viewer, { at: now, pause });
    const [oldest] = this.#answered.keys();
    if (this.#answered.size > MAX_AUDIENCE) this.#answered.delete(oldest);
  }

  /** @param {number} bytes  of the answer that has just been made */
  spend(bytes) {
    this.#credit -= bytes;
  }

  /**
   * The answer has been acknowledged, or refused: then they are answered once more.
   * @param {Batch} batch @param {boolean} refused @param {number} now
   */
  finish({ to, text }, refused, now) {
    for (const viewer of to) {
      if (!this.#underWay.delete(viewer) || !refused || !this.#answered.has(viewer)) continue;
      this.ask(viewer, text, now);
    }
  }

  /** @param {number} now */
  #admitLater(now) {
    if (now < this.#laterAt) return;
    this.#laterAt = NEVER;
    for (const [viewer, { due, text }] of this.#later) {
      if (due > now) {
        this.#laterAt = Math.min(this.#laterAt, onGrid(due));
        continue;
      }
      this.#later.delete(viewer);
      this.#wait(viewer, text, now);
    }
  }

  /** @param {number} now */
  #refill(now) {
    const earned = ((now - this.#creditAt) * ANSWER_BYTES_PER_S) / 1_000;
    this.#credit = Math.min(ANSWER_BYTES_PER_S, this.#credit + earned);
    this.#creditAt = now;
  }
}
