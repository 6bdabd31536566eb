// The writer's side of the protocol: what is published, what waits, what has to be sent next.
// Pure: it is told the time with every call, and says when it wants to be called again
// (`wakeAt`).

import { applyOps, encodedOpsSize, encodedSize, hash, pushOp, replacement } from './ops.js';
import { encodedEventsSize, eventsFromOps } from './articles.js';
import { Audience } from './audience.js';
import {
  BEAT_MS,
  COLLECT_MS,
  DEAD_MS,
  EARLY_BEAT_MS,
  FLUSH_MS,
  MAX_ENCODED,
  MAX_OPS,
  OUTGROW_MS,
  ROOM_FULL_MS,
  SINGLE_ANSWERS,
  SLOW_MS,
  VIEW_MS,
  fits,
  isSocketId,
  readFromViewer,
} from './protocol.js';

/**
 * @typedef {import('./ops.js').Op} Op
 * @typedef {import('./protocol.js').View} View
 * @typedef {{ id: number, data: object, to?: string, ack: boolean }} Send one message to hand to
 *   the link
 * @typedef {{ success: boolean, error?: { code: string, message: string } }} Answer
 * @typedef {{ text: string, language: string, name: string }} Known
 * @typedef {{ kind: 'stream' | 'answer' | 'beat', at: number, to?: string, ended?: boolean }} Flight
 * @typedef {{ code: string, message: string, kind: Flight['kind'], to?: string }} Problem
 */

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 4_000;
const NEVER = Infinity;
const NO_REASON = { code: 'Unknown', message: 'The service refused a message without a reason.' };

export class Writer {
  /**
   * @param {object} session
   * @param {number} session.epoch
   * @param {number} [session.maxEpoch] what a viewer may claim to have seen of a writer before
   *   this one
   * @param {string} session.text
   * @param {string} session.language
   * @param {string} session.name
   * @param {Known} [session.known]  for a session that was paused and is taken up again
   * @param {number} [session.rollCallEvery]  where nobody tells that a viewer has left
   */
  constructor({ epoch, maxEpoch = epoch, text, language, name, known, rollCallEvery }) {
    this.epoch = epoch;
    this.maxEpoch = maxEpoch;
    this.language = language;
    this.name = name;
    this.paused = known !== undefined;
    this.ended = false;
    /** The room knows that it has ended. */
    this.endTold = false;
    /** The text in the editor. */
    this.text = text;
    /** @type {Known} what the room was told last, or is to be told first */
    this.known = known ?? { text, language, name };
    /** The version of the text that the room knows. */
    this.version = 0;
    /** @type {Op[]} edits from the text that the room knows to that in the editor */
    this.pending = replacement(this.known.text, text);
    /** @type {View | undefined} */
    this.view = undefined;
    this.sid = '';
    this.joinedAt = 0;
    /** @type {Problem | undefined} what the service last refused */
    this.problem = undefined;

    this.seq = 0;
    this.nextId = 1;
    /** @type {Map<number, Flight>} sent, not yet answered */
    this.flights = new Map();
    this.needRoomFull = true;
    this.audience = new Audience(rollCallEvery);
    this.viewDirty = false;
    this.beatDirty = false;
    this.flushAt = 0;
    this.roomFullAt = 0;
    this.answerAt = NEVER;
    /** Whoever asks without end is not answered without end. */
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

  // ---- what the editor and the page tell ----

  /**
   * @param {Op[]} ops  edits of the text in the editor
   * @returns {boolean} false if the text would become too large: nothing is taken over, the
   *   editor has to go back
   */
  edit(ops) {
    const text = applyOps(this.text, ops);
    if (text === undefined) throw new RangeError('an edit outside the text');
    if (!fits(text, encodedSize)) return false;
    for (const op of ops) pushOp(this.pending, op);
    this.text = text;
    // While nothing leaves, a long list of edits says no more than their result.
    if (this.pending.length > MAX_OPS) this.pending = replacement(this.known.text, text);
    return true;
  }

  /** @param {View} view  where the writer is in the text */
  look(view) {
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
    // The end takes the last words with it, and what was written during a pause is not told one
    // by one.
    if (resumed || change.ended) this.needRoomFull = true;
  }

  // ---- what the link tells ----

  /** Connected and in the room. @param {string} sid @param {number} now */
  join(sid, now) {
    this.sid = sid;
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

  leave() {
    this.sid = '';
    this.flights.clear();
    this.audience.waiting.clear();
    this.answerAt = NEVER;
  }

  /** @param {number} id @param {Answer} answer @param {number} now */
  answered(id, answer, now) {
    const flight = this.flights.get(id);
    if (!flight) return;
    this.flights.delete(id);
    if (answer.success) {
      if (flight.kind === 'stream') this.retries = 0;
      if (flight.ended) this.endTold = true;
      // A stream that goes is what matters; of anything else only its own kind says that it goes.
      if (['stream', this.problem?.kind].includes(flight.kind)) this.problem = undefined;
      return;
    }
    const { kind, to } = flight;
    const { code, message } = answer.error ?? NO_REASON;
    this.problem = { code, message, kind, to };
    if (kind !== 'stream') return;
    // Nobody knows who received it: only a full brings everybody to the same text.
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
   * The viewer has listened to a writer whose clock was ahead of this one's, and would never
   * believe this one. Were that writer still there, this one would have heard of it and given way.
   * @param {number} epoch @param {number} now
   */
  #outgrow(epoch, now) {
    if (epoch <= this.epoch || epoch > this.maxEpoch || now < this.joinedAt + OUTGROW_MS) return;
    this.epoch = epoch + 1;
    this.needRoomFull = true;
  }

  /** A viewer came or went. @param {string} from @param {boolean} here */
  presence(from, here) {
    if (here ? this.audience.add(from) : this.audience.leave(from)) this.beatDirty = true;
  }

  // ---- what is to be done ----

  /** Milliseconds that the oldest unanswered message has been waiting. @param {number} now */
  waiting(now) {
    let longest = 0;
    for (const flight of this.flights.values()) longest = Math.max(longest, now - flight.at);
    return longest;
  }

  /** No answer for so long that the connection has to be made anew. @param {number} now */
  dead(now) {
    return this.waiting(now) >= DEAD_MS;
  }

  /** @param {number} now */
  slow(now) {
    return this.waiting(now) >= SLOW_MS;
  }

  /** Everything that the room was to be told has been told. */
  get settled() {
    return this.pending.length === 0 && !this.needRoomFull && this.flights.size === 0;
  }

  /** What has to be sent now. @param {number} now @returns {Send[]} */
  poll(now) {
    /** @type {Send[]} */
    const sends = [];
    if (this.online) {
      if (this.audience.keepRoll(now)) this.beatDirty = true;
      // Nobody misses an answer any more to somebody who has left.
      if (this.problem?.to && !this.audience.has(this.problem.to)) this.problem = undefined;
      this.#stream(now, sends);
      this.#answers(now, sends);
      this.#look(now, sends);
      this.#beat(now, sends);
    }
    this.wakeAt = this.#nextWake(now);
    return sends;
  }

  /** One flush in flight: that keeps the order, and is all the flow control there needs to be. */
  #streamFree() {
    return this.#free('stream');
  }

  /** @param {Flight['kind']} kind */
  #free(kind) {
    for (const flight of this.flights.values()) if (flight.kind === kind) return false;
    return true;
  }

  #hasDelta() {
    return this.pending.length > 0 && !this.paused;
  }

  /** @param {number} now @param {Send[]} sends */
  #stream(now, sends) {
    if (now < this.flushAt || !this.#streamFree()) return;
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

  /** Makes the text in the editor the published one. While paused, nothing of it leaves. */
  #publish() {
    if (!this.#hasDelta()) return;
    this.known.text = this.text;
    this.pending = [];
    this.version++;
  }

  /** As pages after the articles want it, the delta would be larger than a message may be. */
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
  #answers(now, sends) {
    if (now < this.answerAt || this.needRoomFull || !this.#free('answer')) return;
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
    // Its offsets count in the text of the editor; with text that still waits to be sent they
    // would be wrong.
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
  #look(now, sends) {
    if (now < this.viewAt || !this.#viewWaits()) return;
    this.viewDirty = false;
    this.viewAt = now + VIEW_MS;
    const { epoch, version, view } = this;
    sends.push({
      id: this.nextId++,
      ack: false,
      data: { type: 'view', epoch, seq: ++this.seq, version, view },
    });
  }

  /** @param {number} now @param {Send[]} sends */
  #beat(now, sends) {
    if (now < this.#beatDue() || !this.#free('beat')) return;
    this.beatDirty = false;
    this.beatAt = now + BEAT_MS;
    this.earlyBeatAt = now + EARLY_BEAT_MS;
    this.#send(sends, 'beat', now, { type: 'beat', ...this.#state() });
  }

  #beatDue() {
    // After the end there is nothing left to prove, but news (an asker who is up to date) is
    // still answered.
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
    const id = this.nextId++;
    this.flights.set(id, { kind, at: now, to, ended: this.ended && kind === 'stream' });
    sends.push(to === undefined ? { id, data, ack: true } : { id, data, to, ack: true });
  }

  /** @param {number} now */
  #nextWake(now) {
    if (!this.online) return NEVER;
    const times = [this.audience.wakeAt];
    if (this.#streamFree() && this.needRoomFull)
      times.push(Math.max(this.flushAt, this.roomFullAt));
    else if (this.#streamFree() && this.#hasDelta()) times.push(this.flushAt);
    if (!this.needRoomFull && this.#free('answer')) times.push(this.answerAt);
    if (this.#viewWaits()) times.push(this.viewAt);
    if (this.#free('beat')) times.push(this.#beatDue());
    for (const { at } of this.flights.values()) {
      times.push(...[at + SLOW_MS, at + DEAD_MS].filter((time) => time > now));
    }
    return Math.max(now + 1, Math.min(...times));
  }
}
