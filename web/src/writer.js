// The writer's side of the protocol: what has been published, what is pending, what has to be sent
// next. Pure: it is told the time with every call, and says when it wants to be called again
// (`wakeAt`).

import { applyOps, encodedOpsSize, encodedSize, hash, pushOp, replacement } from './ops.js';
import { encodedEventsSize, eventsFromOps } from './change-events.js';
import { Audience } from './audience.js';
import { Flights } from './flights.js';
import {
  BEAT_MS,
  COLLECT_MS,
  EARLY_BEAT_MS,
  FLUSH_MS,
  MAX_ENCODED,
  MAX_OPS,
  OUTGROW_MS,
  ROOM_FULL_MS,
  SINGLE_ANSWERS,
  VIEW_MS,
  fits,
  isSocketId,
  readFromViewer,
} from './protocol.js';

/**
 * @typedef {import('./ops.js').Op} Op
 * @typedef {import('./protocol.js').View} View
 * @typedef {import('./flights.js').Flight} Flight
 * @typedef {import('./link.js').Answer} Answer
 * @typedef {{ data: object, to?: string, id?: number }} Send  one message to hand to the link; with
 *   an id, its acknowledgement is wanted
 * @typedef {{ text: string, language: string, name: string }} Known
 * @typedef {{ code: string, message: string, kind: Flight['kind'], to?: string }} Problem
 */

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 4_000;
const NEVER = Infinity;

export class Writer {
  /**
   * @param {object} session
   * @param {number} session.epoch
   * @param {number} [session.maxEpoch]  the greatest epoch that a viewer may claim to have seen
   * @param {string} session.text
   * @param {string} session.language
   * @param {string} session.name
   * @param {Known} [session.known]  what the room knows of a session that resumes while paused
   * @param {number} [session.rollCallEvery]  ms, where the service does not report that a viewer
   *   has left
   */
  constructor({ epoch, maxEpoch = epoch, text, language, name, known, rollCallEvery }) {
    this.epoch = epoch;
    this.maxEpoch = maxEpoch;
    this.language = language;
    this.name = name;
    this.paused = known !== undefined;
    this.ended = false;
    /** The room has been told of the end. */
    this.endTold = false;
    /** The text in the editor. */
    this.text = text;
    /** @type {Known} what has been published, or will be published first */
    this.known = known ?? { text, language, name };
    /** The version of the published text. */
    this.version = 0;
    /** @type {Op[]} edits that lead from the published text to the one in the editor */
    this.pending = replacement(this.known.text, text);
    /** @type {View | undefined} */
    this.view = undefined;
    this.sid = '';
    /** @type {Set<string>} every socket that this writer has had */
    this.sids = new Set();
    this.joinedAt = 0;
    /** @type {Problem | undefined} what the service refused last */
    this.problem = undefined;

    this.seq = 0;
    this.flights = new Flights();
    this.needRoomFull = true;
    this.audience = new Audience(rollCallEvery);
    this.viewDirty = false;
    this.beatDirty = false;
    this.flushAt = 0;
    this.roomFullAt = 0;
    this.answerAt = NEVER;
    /** A viewer that asks again and again is answered at a bounded rate. */
    this.nextAnswerAt = 0;
    this.beatAt = 0;
    this.earlyBeatAt = 0;
    this.viewAt = 0;
    this.retries = 0;
    this.wakeAt = NEVER;
  }

  get online() {
    return this.sid !== '';
  }

  get viewers() {
    return this.audience.size;
  }

  // ---- called by the editor and the page ----

  /**
   * @param {Op[]} ops  edits of the text in the editor
   * @returns {boolean} false if the text would become too large: the edit is refused, and the
   *   editor has to undo it
   */
  edit(ops) {
    const text = applyOps(this.text, ops);
    if (text === undefined) throw new RangeError('an edit outside the text');
    if (!fits(text, encodedSize)) return false;
    for (const op of ops) pushOp(this.pending, op);
    this.text = text;
    // While nothing can be sent, the result of a long list of edits is all that matters.
    if (this.pending.length > MAX_OPS) this.pending = replacement(this.known.text, text);
    return true;
  }

  /** @param {View} view  where the writer is in the text */
  setView(view) {
    this.view = view;
    this.viewDirty = true;
  }

  /**
   * @param {Partial<{ language: string, name: string, paused: boolean, ended: boolean }>} change
   */
  set(change) {
    const resumed = this.paused && change.paused === false;
    Object.assign(this, change);
    if (!this.paused) Object.assign(this.known, { language: this.language, name: this.name });
    this.beatDirty = true;
    // The full that announces the end carries the last edits, and edits made during a pause are
    // published as one.
    if (resumed || change.ended) this.needRoomFull = true;
  }

  // ---- called by the connection ----

  /** This writer is in the room. @param {string} sid @param {number} now */
  joined(sid, now) {
    this.sid = sid;
    this.sids.add(sid);
    this.joinedAt = now;
    this.flights.clear();
    this.retries = 0;
    this.problem = undefined;
    this.needRoomFull = true;
    this.flushAt = now;
    this.roomFullAt = now;
    this.beatAt = now + BEAT_MS;
    this.audience.callRoll(now);
  }

  left() {
    this.sid = '';
    this.flights.clear();
    this.audience.waiting.clear();
    this.answerAt = NEVER;
  }

  /** @param {number} id @param {Answer} answer @param {number} now */
  answered(id, answer, now) {
    const flight = this.flights.finish(id);
    if (!flight) return;
    const { kind, to, ended } = flight;
    if (answer.success) {
      if (kind === 'stream') this.retries = 0;
      if (ended) this.endTold = true;
      // A stream that is accepted settles every problem, anything else only one of its own kind.
      if (['stream', this.problem?.kind].includes(kind)) this.problem = undefined;
      return;
    }
    this.problem = { ...answer.error, kind, to };
    if (kind !== 'stream') return;
    // It is not known which viewers received it: only a full brings all of them to the same text.
    this.needRoomFull = true;
    this.flushAt = now + Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.retries++);
  }

  /** A message from a viewer. @param {unknown} raw @param {unknown} from @param {number} now */
  heard(raw, from, now) {
    const message = readFromViewer(raw);
    if (!message || !isSocketId(from)) return;
    if (this.audience.add(from)) this.beatDirty = true;
    if (message.plain) this.audience.askPlainly(from);
    this.#outgrow(message.epoch, now);
    if (message.epoch === this.epoch && message.version === this.version) {
      this.beatDirty = true;
      return;
    }
    this.audience.ask(from);
    if (this.answerAt === NEVER) this.answerAt = Math.max(now + COLLECT_MS, this.nextAnswerAt);
  }

  /**
   * The viewer has followed a writer whose clock was ahead of this one's, and would ignore this one
   * for ever. If that writer were still there, this one would have heard of it and given way.
   * @param {number} epoch @param {number} now
   */
  #outgrow(epoch, now) {
    if (epoch <= this.epoch || epoch > this.maxEpoch || now < this.joinedAt + OUTGROW_MS) return;
    this.epoch = epoch + 1;
    this.needRoomFull = true;
  }

  /** Somebody has joined or left the room; other writers are takeover.js's. @param {any} event */
  presence(event) {
    if (event?.role !== 'viewer' || !isSocketId(event.from)) return;
    const { audience } = this;
    if (event.state === 'joined' ? audience.add(event.from) : audience.leave(event.from))
      this.beatDirty = true;
  }

  // ---- what is to be done ----

  /** Everything that the room should know has been sent and acknowledged. */
  get settled() {
    return this.pending.length === 0 && !this.needRoomFull && this.flights.size === 0;
  }

  /** What has to be sent now. @param {number} now @returns {Send[]} */
  poll(now) {
    /** @type {Send[]} */
    const sends = [];
    if (this.online) {
      if (this.audience.keepRoll(now)) this.beatDirty = true;
      // A refused answer is no problem any more once the viewer who asked has left.
      if (this.problem?.to && !this.audience.has(this.problem.to)) this.problem = undefined;
      this.#sendStream(now, sends);
      this.#sendAnswers(now, sends);
      this.#sendView(now, sends);
      this.#sendBeat(now, sends);
    }
    this.wakeAt = this.#nextWake(now);
    return sends;
  }

  #hasDelta() {
    return this.pending.length > 0 && !this.paused;
  }

  /**
   * One flush is in flight at a time: that keeps their order, and is all the flow control needed.
   * @param {number} now @param {Send[]} sends
   */
  #sendStream(now, sends) {
    if (now < this.flushAt || this.flights.has('stream')) return;
    if (this.#hasDelta() && this.#outsized()) this.needRoomFull = true;
    if (this.needRoomFull) {
      if (now < this.roomFullAt) return;
      this.#publish();
      this.needRoomFull = false;
      this.audience.waiting.clear();
      this.answerAt = NEVER;
      this.roomFullAt = now + ROOM_FULL_MS;
      this.#send(sends, 'stream', now, this.#full());
    } else if (this.#hasDelta()) {
      this.#send(sends, 'stream', now, this.#delta());
    } else {
      return;
    }
    this.flushAt = now + FLUSH_MS;
    this.viewDirty = false;
    this.viewAt = now + VIEW_MS;
  }

  /** Makes the text in the editor the published one, except during a pause. */
  #publish() {
    if (!this.#hasDelta()) return;
    this.known.text = this.text;
    this.pending = [];
    this.version++;
  }

  /** Encoded as change events, the delta would be larger than a message may be. */
  #outsized() {
    return this.audience.plain.size > 0 && encodedEventsSize(this.pending) > MAX_ENCODED;
  }

  #delta() {
    let ops = this.pending;
    if (ops.length > 1 && encodedOpsSize(ops) > MAX_ENCODED / 2)
      ops = replacement(this.known.text, this.text);
    const changes = this.audience.plain.size > 0 ? eventsFromOps(this.known.text, ops) : ops;
    this.#publish();
    const { epoch, version, view } = this;
    const data = { type: 'delta', epoch, version, n: this.known.text.length, changes };
    return this.viewDirty && view ? { ...data, view } : data;
  }

  #full() {
    return {
      type: 'full',
      ...this.#state(),
      content: this.known.text,
      view: this.paused ? undefined : this.view,
    };
  }

  #state() {
    const { epoch, version, paused, ended, viewers, sid } = this;
    const { text, language, name } = this.known;
    return {
      epoch,
      seq: ++this.seq,
      version,
      n: text.length,
      hash: hash(text),
      language,
      name,
      paused,
      ended,
      viewers,
      sid,
      roll: this.audience.roll,
    };
  }

  /** @param {number} now @param {Send[]} sends */
  #sendAnswers(now, sends) {
    if (now < this.answerAt || this.needRoomFull || this.flights.has('answer')) return;
    this.answerAt = NEVER;
    this.nextAnswerAt = now + FLUSH_MS + COLLECT_MS;
    const { waiting } = this.audience;
    if (waiting.size > SINGLE_ANSWERS) {
      this.needRoomFull = true;
      return;
    }
    for (const to of waiting) this.#send(sends, 'answer', now, this.#full(), to);
    waiting.clear();
  }

  #viewWaits() {
    // Its offsets count in the text of the editor: to viewers they would be wrong while edits are
    // pending.
    return (
      this.viewDirty &&
      this.view &&
      !this.paused &&
      !this.ended &&
      !this.needRoomFull &&
      this.pending.length === 0
    );
  }

  /** @param {number} now @param {Send[]} sends */
  #sendView(now, sends) {
    if (now < this.viewAt || !this.#viewWaits()) return;
    this.viewDirty = false;
    this.viewAt = now + VIEW_MS;
    const { epoch, version, view } = this;
    sends.push({ data: { type: 'view', epoch, seq: ++this.seq, version, view } });
  }

  /** @param {number} now @param {Send[]} sends */
  #sendBeat(now, sends) {
    if (now < this.#beatDue() || this.flights.has('beat')) return;
    this.beatDirty = false;
    this.beatAt = now + BEAT_MS;
    this.earlyBeatAt = now + EARLY_BEAT_MS;
    this.#send(sends, 'beat', now, { type: 'beat', ...this.#state() });
  }

  #beatDue() {
    // After the end there is nothing left to prove, but a viewer that asks and is up to date still
    // gets its answer.
    return Math.min(this.endTold ? NEVER : this.beatAt, this.beatDirty ? this.earlyBeatAt : NEVER);
  }

  /**
   * @param {Send[]} sends
   * @param {Flight['kind']} kind
   * @param {number} now
   * @param {object} data
   * @param {string} [to]
   */
  #send(sends, kind, now, data, to) {
    const ended = this.ended && kind === 'stream';
    sends.push({ id: this.flights.start({ kind, to, ended }, now), data, to });
  }

  /** @param {number} now */
  #nextWake(now) {
    if (!this.online) return NEVER;
    const { flights } = this;
    const times = [this.audience.wakeAt, flights.wakeAt(now)];
    if (!flights.has('stream') && this.needRoomFull)
      times.push(Math.max(this.flushAt, this.roomFullAt));
    else if (!flights.has('stream') && this.#hasDelta()) times.push(this.flushAt);
    if (!flights.has('answer') && !this.needRoomFull) times.push(this.answerAt);
    if (!flights.has('beat')) times.push(this.#beatDue());
    if (this.#viewWaits()) times.push(this.viewAt);
    return Math.max(now + 1, Math.min(...times));
  }
}
