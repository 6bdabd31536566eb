// The viewer's side of the protocol: what text it has, whether that is the writer's, and when to
// ask. Pure: it is told the time with every call, and says when it wants to be called again
// (`wakeAt`).

import { applyOps, hash, replacement } from './ops.js';
import { opsFromEvents } from './articles.js';
import { Gone } from './gone.js';
import {
  AWAY_MS,
  DEAD_MS,
  GAP_MS,
  MAX_BUFFERED,
  MAX_TEXT,
  ROLL_CALL_SPREAD_MS,
  SILENCE_MS,
  SILENCE_SPREAD_MS,
  readFromWriter,
} from './protocol.js';

/**
 * @typedef {import('./ops.js').Op} Op
 * @typedef {import('./protocol.js').View} View
 * @typedef {import('./protocol.js').Session} Session
 * @typedef {import('./protocol.js').Full} Full
 * @typedef {import('./protocol.js').Delta} Delta
 * @typedef {import('./protocol.js').Beat} Beat
 * @typedef {import('./writer.js').Send} Send
 * @typedef {import('./writer.js').Answer} Answer
 */

const ASK_MIN_MS = 1_000;
const ASK_MAX_MS = 10_000;
const NEVER = Infinity;
/** The version of a viewer whose text is not that of any version. */
const NONE = -1;
/** Texts kept for beats that come late: as many as are flushed in a second and a half. */
const RECENT = 8;

export class Viewer {
  /**
   * @param {{ random?: () => number }} [options] random: spreads the questions of many viewers
   *   over time
   */
  constructor({ random = Math.random } = {}) {
    this.random = random;
    this.text = '';
    this.epoch = NONE;
    this.version = NONE;
    /** Some text has been received, now or earlier. */
    this.hasText = false;
    /** A message says that the text here is not the writer's newest. */
    this.behind = false;
    /** @type {Session} */
    this.session = {
      language: 'plaintext',
      name: '',
      paused: false,
      ended: false,
      viewers: 0,
      sid: '',
      roll: 0,
    };
    /** @type {View | undefined} where the writer is, in the text of this version */
    this.view = undefined;
    this.writerLeft = false;
    /** Sockets of writers that have left. */
    this.gone = new Gone();
    /** The last word of the writer, in the viewer's own time. */
    this.heardAt = 0;
    this.connected = false;
    this.joinedAt = 0;
    /** @type {Answer['error']} why the last question did not reach the writer */
    this.problem = undefined;

    /** @type {Map<number, Delta>} deltas whose base is missing */
    this.buffer = new Map();
    /** @type {Map<number, string>} the last few texts by version */
    this.recent = new Map();
    /** @type {Beat | undefined} what a text has to be held against */
    this.proof = undefined;
    /**
     * @type {{ seq: number, version: number, view: View } | undefined} a view of a text that has
     *   not come yet
     */
    this.viewAhead = undefined;
    this.sessionSeq = NONE;
    this.viewSeq = NONE;
    /** The newest version that anything has been heard of. */
    this.newest = NONE;
    /** Until then a missing delta may still come by itself. */
    this.gapAt = NEVER;
    /** When to ask next, if there is a reason to; grows with each question that brought nothing. */
    this.askAt = 0;
    this.asked = 0;
    /** When to say once that one is here. */
    this.rollCallAt = NEVER;
    /** Viewers must not all notice the same silence at the same moment. */
    this.patience = SILENCE_MS + random() * SILENCE_SPREAD_MS;
    this.nextId = 1;
    /** @type {Map<number, number>} questions sent and not yet acknowledged, with their time */
    this.flights = new Map();
    this.wakeAt = NEVER;
  }

  // ---- what the link tells ----

  /** Connected and in the room. @param {number} now */
  join(now) {
    this.connected = true;
    this.joinedAt = now;
    this.heardAt = now;
    this.writerLeft = false;
    this.flights.clear();
    this.problem = undefined;
    this.#want(now);
  }

  leave() {
    this.connected = false;
    this.flights.clear();
    // What was sent meanwhile is not known: until somebody says otherwise, the text may be an old
    // one.
    this.behind = this.hasText;
  }

  /** @param {number} id @param {Answer} answer */
  answered(id, answer) {
    this.flights.delete(id);
    this.problem = answer.success
      ? undefined
      : (answer.error ?? {
          code: 'Unknown',
          message: 'The service refused a message without a reason.',
        });
  }

  /** The writer came or went. @param {string} sid @param {boolean} here @param {number} now */
  presence(sid, here, now) {
    if (!here) this.gone.add(sid);
    if (here && this.gone.has(sid)) return;
    if (here) {
      // That the writer is there says nothing about the text: only its own words do. A full for
      // all is on its way; who does not get it asks.
      this.writerLeft = false;
      this.#rollCall(sid, this.session.roll, now);
      this.#want(now + GAP_MS, ROLL_CALL_SPREAD_MS);
    } else if (this.session.sid === '' || this.session.sid === sid) {
      this.writerLeft = true;
    }
  }

  /**
   * A writer with a new connection does not know who is watching; another asks now and then.
   * @param {string} sid @param {number} roll @param {number} now
   */
  #rollCall(sid, roll, now) {
    const { sid: known, roll: answered } = this.session;
    if (known === sid && answered === roll) return;
    this.session = { ...this.session, sid, roll };
    if (known !== '') this.rollCallAt = now + this.random() * ROLL_CALL_SPREAD_MS;
  }

  /**
   * A message from the writer.
   * @param {unknown} raw @param {number} now
   * @returns {Op[]} the edits to make in the editor; the text afterwards is `text`
   */
  heard(raw, now) {
    const message = readFromWriter(raw);
    if (!message || message.epoch < this.epoch) return [];
    if (message.epoch > this.epoch) this.#newEpoch(message.epoch, now);
    this.heardAt = now;
    this.writerLeft = false;
    this.newest = Math.max(this.newest, message.version);
    switch (message.type) {
      case 'full':
        return this.#full(message, now);
      case 'delta':
        return this.#delta(message, now);
      case 'beat':
        return this.#beat(message, now);
      default:
        return this.#look(message);
    }
  }

  // ---- the text ----

  /** @param {number} epoch @param {number} now */
  #newEpoch(epoch, now) {
    this.epoch = epoch;
    this.version = NONE;
    this.newest = NONE;
    this.behind = this.hasText;
    this.buffer.clear();
    this.recent.clear();
    this.proof = undefined;
    this.view = undefined;
    this.viewAhead = undefined;
    this.sessionSeq = NONE;
    this.viewSeq = NONE;
    this.gapAt = now + GAP_MS;
  }

  /** @param {Full} m @param {number} now */
  #full(m, now) {
    if (m.epoch > 0 && hash(m.content) !== m.hash) return [];
    this.#session(m, now);
    if (m.version < this.version) return [];
    const edits = replacement(this.text, m.content);
    this.recent.clear();
    this.#set(m.content, m.version);
    this.hasText = true;
    if (m.view) this.#look({ seq: m.seq, version: m.version, view: m.view });
    return [...edits, ...this.#drain(now)];
  }

  /** @param {Delta} m @param {number} now */
  #delta(m, now) {
    if (m.version <= this.version) return [];
    if (this.buffer.size >= MAX_BUFFERED) this.buffer.delete(Math.min(...this.buffer.keys()));
    this.buffer.set(m.version, m);
    return this.#drain(now);
  }

  /**
   * Applies what is next in turn. Then either nothing is missing, or it is and will be asked for.
   * @param {number} now
   */
  #drain(now) {
    /** @type {Op[]} */
    const edits = [];
    for (const version of this.buffer.keys())
      if (version <= this.version) this.buffer.delete(version);
    while (this.version !== NONE) {
      const next = this.buffer.get(this.version + 1);
      if (!next) break;
      this.buffer.delete(next.version);
      const ops = this.#apply(next);
      if (!ops) {
        this.#mistrust(now);
        return edits;
      }
      edits.push(...ops);
    }
    this.#settle(now);
    this.#compare(now);
    this.#lookAhead();
    return edits;
  }

  /** @param {string} text @param {number} version */
  #set(text, version) {
    this.text = text;
    this.version = version;
    this.recent.set(version, text);
    this.recent.delete(version - RECENT);
  }

  /** @param {Delta} m @returns {Op[] | undefined} undefined if it does not fit the text here */
  #apply(m) {
    const ops =
      Array.isArray(m.changes[0]) || m.changes.length === 0
        ? /** @type {Op[]} */ (m.changes)
        : opsFromEvents(this.text, m.changes);
    const text = ops && applyOps(this.text, ops);
    if (text === undefined || text.length > MAX_TEXT || (m.n !== undefined && text.length !== m.n))
      return undefined;
    this.#set(text, m.version);
    if (m.view) this.view = m.view;
    return ops;
  }

  /** The text here is wrong, so no delta fits it: ask for all of it. @param {number} now */
  #mistrust(now) {
    this.version = NONE;
    this.recent.clear();
    this.behind = true;
    this.gapAt = NEVER;
    this.#want(now, GAP_MS);
  }

  /**
   * Either this is the newest text, or something is missing and has a moment to arrive.
   * @param {number} now
   */
  #settle(now) {
    if (this.version === NONE || this.version < this.newest) {
      // The last delta before a silence leaves no gap behind it; only the beat tells.
      if (this.gapAt === NEVER && !this.behind) this.gapAt = now + GAP_MS;
      return;
    }
    this.behind = false;
    this.gapAt = NEVER;
    this.#want(now);
  }

  // ---- what else the writer says ----

  /** @param {Beat} m @param {number} now */
  #beat(m, now) {
    this.#session(m, now);
    this.proof = m;
    this.#settle(now);
    this.#compare(now);
    return [];
  }

  /**
   * Holds the text of a beat's version against its hash; that text may still have to come, or may
   * already be changed.
   * @param {number} now
   */
  #compare(now) {
    if (!this.proof || this.proof.version > this.version) return;
    const { version, n, hash: expected } = this.proof;
    const text = this.recent.get(version);
    this.proof = undefined;
    if (text !== undefined && (text.length !== n || hash(text) !== expected)) this.#mistrust(now);
  }

  /** @param {Full | Beat} m @param {number} now */
  #session(m, now) {
    if (m.seq < this.sessionSeq) return;
    this.sessionSeq = m.seq;
    this.#rollCall(m.session.sid, m.session.roll, now);
    this.session = m.session;
  }

  /** @param {{ seq: number, version: number, view: View }} m @returns {Op[]} */
  #look(m) {
    if (m.seq <= this.viewSeq) return [];
    this.viewSeq = m.seq;
    this.viewAhead = m;
    this.#lookAhead();
    return [];
  }

  #lookAhead() {
    if (!this.viewAhead || this.viewAhead.version > this.version) return;
    if (this.viewAhead.version === this.version) this.view = this.viewAhead.view;
    this.viewAhead = undefined;
  }

  // ---- what is to be done ----

  /**
   * Forgets how often one has asked in vain: the next reason to ask is a new one.
   * @param {number} at @param {number} [spread]
   */
  #want(at, spread = 0) {
    this.asked = 0;
    this.askAt = at + this.random() * spread;
  }

  /** The text here is not, or may not be, the writer's. */
  get needsText() {
    return this.version === NONE || this.behind;
  }

  /** Silent for so long that the writer must be away. @param {number} now */
  away(now) {
    return !this.session.ended && (this.writerLeft || now - this.heardAt >= AWAY_MS);
  }

  /** Milliseconds that the oldest unanswered message has been waiting. @param {number} now */
  waiting(now) {
    let longest = 0;
    for (const at of this.flights.values()) longest = Math.max(longest, now - at);
    return longest;
  }

  /** No answer for so long that the connection has to be made anew. @param {number} now */
  dead(now) {
    return this.waiting(now) >= DEAD_MS;
  }

  /** What has to be sent now. @param {number} now @returns {Send[]} */
  poll(now) {
    /** @type {Send[]} */
    const sends = [];
    if (this.connected) {
      if (now >= this.gapAt) {
        this.gapAt = NEVER;
        this.behind = this.hasText;
        this.#want(now, GAP_MS);
      }
      if (now >= this.#askDue()) this.#ask(now, sends);
    }
    this.wakeAt = this.#nextWake(now);
    return sends;
  }

  /** An ended session may be silent. */
  #silenceAt() {
    return this.session.ended ? NEVER : this.heardAt + this.patience;
  }

  #askDue() {
    const reason = this.needsText && this.gapAt === NEVER ? 0 : this.#silenceAt();
    return Math.min(Math.max(reason, this.askAt), this.rollCallAt);
  }

  /** @param {number} now @param {Send[]} sends */
  #ask(now, sends) {
    const wait = Math.min(ASK_MAX_MS, ASK_MIN_MS * 2 ** this.asked++);
    this.askAt = now + wait * (0.75 + this.random() / 2);
    this.rollCallAt = NEVER;
    const id = this.nextId++;
    this.flights.set(id, now);
    sends.push({
      id,
      ack: true,
      data: { data: 'sync', epoch: Math.max(0, this.epoch), version: this.version },
    });
  }

  /** @param {number} now */
  #nextWake(now) {
    if (!this.connected) return NEVER;
    const times = [this.#askDue(), this.gapAt, this.heardAt + AWAY_MS];
    for (const at of this.flights.values()) times.push(at + DEAD_MS);
    return Math.max(now + 1, Math.min(...times.filter((time) => time > now), NEVER));
  }
}
