// The writer's side of the protocol: what has been published, what is pending, what has to be sent
// next. Pure: it is told the time with every call, and says when it wants to be called again
// (`wakeAt`).

import { applyOps, encodedOpsSize, encodedSize, pushOp, replacement } from './ops.js';
import { encodedEventsSize } from './change-events.js';
import { Answers } from './answers.js';
import { Audience } from './audience.js';
import { Flights } from './flights.js';
import { readHand } from './hand-messages.js';
import { Hands } from './hands.js';
import { FRAME_BYTES, Messages } from './messages.js';
import {
  ANSWER_WINDOW_BYTES,
  BEAT_MS,
  COUNT_NEWS,
  EARLY_BEAT_MS,
  FLUSH_MS,
  MAX_ENCODED,
  MAX_OPS,
  ROOM_FULL_MS,
  VIEW_MS,
  fits,
  isSocketId,
  readFromViewer,
  slowdown,
} from './protocol.js';

/**
 * @typedef {import('./ops.js').Op} Op
 * @typedef {import('./protocol.js').View} View
 * @typedef {import('./flights.js').Flight} Flight
 * @typedef {import('./link.js').Answer} Answer
 * @typedef {{ data: object, to?: string | string[], id?: number }} Send  one message to hand to the
 *   link; with an id, its acknowledgement is wanted
 * @typedef {{ text: string, language: string, name: string }} Known
 * @typedef {{ code: string, message: string, kind: Flight['kind'], to?: string[] }} Problem
 */

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 4_000;
const NEVER = Infinity;

export class Writer {
  /**
   * @param {object} session
   * @param {number} [session.epoch]  0: negotiate will give one
   * @param {number} [session.greatest]  the greatest epoch known of this session, 0 if it is new
   * @param {string} session.text
   * @param {string} session.language
   * @param {string} session.name
   * @param {Known} [session.known]  what the room knows of a session that resumes while paused
   * @param {number} [session.hands]  what viewers may do besides watching: see Hands
   * @param {number} [session.rollCallEvery]  ms, where the service does not report that a viewer
   *   has left
   */
  constructor({ epoch = 0, greatest = epoch, text, language, name, known, hands = 0, rollCallEvery }) {
    this.epoch = epoch;
    this.greatest = greatest;
    /** An epoch of its own that it has given up: the next one is greater. */
    this.least = 0;
    /** Units of the service, which say how many viewers it serves at full pace. */
    this.units = 1;
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
    /** @type {Set<string>} every socket with which this writer has joined, or tried to */
    this.sids = new Set();
    /** @type {Problem | undefined} what the service refused last */
    this.problem = undefined;

    this.messages = new Messages(this);
    this.flights = new Flights();
    this.needRoomFull = true;
    this.audience = new Audience(rollCallEvery);
    this.answers = new Answers();
    this.hands = new Hands(hands);
    this.viewDirty = false;
    this.beatDirty = false;
    this.flushAt = 0;
    this.roomFullAt = 0;
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

  /** ms between two deltas: the more viewers a unit of the service has, the longer. */
  get pace() {
    return Math.round(FLUSH_MS * slowdown(this.viewers, this.units));
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
    this.hands.edited(ops);
    // While nothing can be sent, the result of a long list of edits is all that matters.
    if (this.pending.length > MAX_OPS) this.pending = replacement(this.known.text, text);
    return true;
  }

  /** What is pending is sent at once, if nothing is under way. */
  hurry() {
    this.flushAt = 0;
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

  /** What viewers may do besides watching. @param {number} allowed */
  allowHands(allowed) {
    this.hands.allow(allowed);
    this.beatDirty = true;
  }

  // ---- called by the connection ----

  /**
   * Negotiate has let this writer in. An epoch that it has already is its own for good.
   * @param {{ epoch?: number, units?: number }} ticket
   */
  admitted({ epoch, units }) {
    if (this.epoch === 0 && epoch) this.epoch = epoch;
    if (units) this.units = units;
  }

  /** Another writer has the same epoch: negotiate has to give a greater one. */
  renew() {
    this.least = this.epoch;
    this.greatest = this.epoch;
    this.epoch = 0;
  }

  /** The others may hear of this socket from now on. @param {string} sid */
  joining(sid) {
    this.sids.add(sid);
  }

  /** This writer is in the room. @param {string} sid @param {number} now */
  joined(sid, now) {
    this.sid = sid;
    this.sids.add(sid);
    this.flights.clear();
    this.retries = 0;
    this.problem = undefined;
    this.needRoomFull = true;
    this.flushAt = now;
    this.roomFullAt = now;
    this.beatAt = now + BEAT_MS;
    this.audience.callRoll(now);
    this.hands.callRoll(now);
  }

  left() {
    this.sid = '';
    this.flights.clear();
    this.answers.reset();
  }

  /** @param {number} id @param {Answer} answer @param {number} now */
  answered(id, answer, now) {
    const flight = this.flights.finish(id);
    if (!flight) return;
    const { kind, to, ended, text = false, told } = flight;
    if (told) {
      if (!answer.success) this.hands.refused(told);
      return;
    }
    if (to) this.answers.finish({ to, text }, !answer.success, now);
    if (answer.success) {
      if (kind === 'stream') this.retries = 0;
      if (ended) this.endTold = true;
      // A stream that is accepted settles every problem, anything else only one of its own kind.
      if (['stream', this.problem?.kind].includes(kind)) this.problem = undefined;
      return;
    }
    this.problem = { ...answer.error, kind, to };
    if (kind !== 'answer') this.messages.tellAgain();
    if (kind !== 'stream') return;
    // It is not known which viewers received it: only a full brings all of them to the same text.
    this.needRoomFull = true;
    this.flushAt = now + Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.retries++);
  }

  /** A message from a viewer. @param {unknown} raw @param {unknown} from @param {number} now */
  heard(raw, from, now) {
    if (!isSocketId(from)) return;
    const hand = readHand(raw);
    if (hand && !this.audience.gone.has(from)) this.hands.heard(from, hand, this.text, now);
    const message = readFromViewer(raw);
    if (!message) return;
    this.audience.hear(from, message);
    if (message.here) return;
    const upToDate = message.epoch === this.epoch && message.version === this.version;
    this.answers.ask(from, !upToDate, now);
  }

  /** Somebody has joined or left the room; other writers are takeover.js's. @param {any} event */
  presence(event) {
    if (event?.role !== 'viewer' || !isSocketId(event.from)) return;
    if (event.state === 'joined') {
      this.audience.join(event.from);
    } else {
      this.audience.leave(event.from);
      this.hands.leave(event.from);
      this.answers.forget(event.from);
    }
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
      if (this.audience.keepRoll(now)) {
        this.beatDirty = true;
        this.hands.callRoll(now);
      }
      // A refused answer is no problem any more once the viewer who asked has left.
      const askers = this.problem?.to;
      if (askers && !askers.some((viewer) => this.audience.has(viewer))) this.problem = undefined;
      this.#sendStream(now, sends);
      this.#sendAnswers(now, sends);
      this.#tellOfHands(now, sends);
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
      this.answers.clear();
      this.roomFullAt = now + ROOM_FULL_MS;
      const bytes = this.messages.fullSize;
      this.#send(sends, { kind: 'stream', bytes }, now, this.messages.full(true));
    } else if (this.#hasDelta() && this.audience.isEmpty) {
      // Whoever comes is given the text of then; whoever is there unknown sees a beat's version.
      this.#publish();
    } else if (this.#hasDelta()) {
      const bytes = FRAME_BYTES + encodedOpsSize(this.pending);
      this.#send(sends, { kind: 'stream', bytes }, now, this.#delta());
    } else {
      return;
    }
    this.flushAt = now + this.pace;
    this.viewDirty = false;
    this.viewAt = now + this.#viewPace;
  }

  get #viewPace() {
    return (VIEW_MS * this.pace) / FLUSH_MS;
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
    const before = this.known.text;
    this.#publish();
    return this.messages.delta(before, ops, this.viewDirty);
  }

  /** @param {number} now @param {Send[]} sends */
  #sendAnswers(now, sends) {
    const { messages } = this;
    while (this.#mayAnswer) {
      const batch = this.answers.take(now);
      if (!batch) return;
      const bytes = batch.text ? messages.fullSize : FRAME_BYTES;
      const data = batch.text ? messages.full(false) : messages.wholeBeat();
      this.answers.spend(bytes);
      this.#send(sends, { kind: 'answer', ...batch, bytes }, now, data);
    }
  }

  get #mayAnswer() {
    const bytes = this.flights.bytes('answer');
    if (this.needRoomFull) return false;
    return bytes === 0 || bytes + this.messages.fullSize <= ANSWER_WINDOW_BYTES;
  }

  /** One message at a time: they are for few, and no hurry. @param {number} now @param {Send[]} sends */
  #tellOfHands(now, sends) {
    const told = this.flights.has('hand') ? undefined : this.hands.take(now);
    if (!told) return;
    const flight = { kind: /** @type {'hand'} */ ('hand'), to: told.to, told, bytes: FRAME_BYTES };
    this.#send(sends, flight, now, this.messages.hand(told));
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
      !this.audience.isEmpty &&
      this.pending.length === 0
    );
  }

  /** @param {number} now @param {Send[]} sends */
  #sendView(now, sends) {
    if (now < this.viewAt || !this.#viewWaits()) return;
    if (!this.view) return;
    this.viewDirty = false;
    this.viewAt = now + this.#viewPace;
    sends.push({ data: this.messages.view(this.view) });
  }

  /** @param {number} now @param {Send[]} sends */
  #sendBeat(now, sends) {
    if (now < this.#beatDue() || this.flights.has('beat')) return;
    this.beatDirty = false;
    this.beatAt = now + BEAT_MS;
    this.earlyBeatAt = now + EARLY_BEAT_MS;
    const { data, whole } = this.messages.beat();
    if (whole) this.answers.clearBeats();
    this.#send(sends, { kind: 'beat', bytes: FRAME_BYTES }, now, data);
  }

  #beatDue() {
    if (this.endTold) return NEVER; // there is nothing left to prove
    const early = this.beatDirty || this.#countIsNews();
    return Math.min(this.beatAt, early ? this.earlyBeatAt : NEVER);
  }

  /** A number that has hardly changed can wait for the next beat. */
  #countIsNews() {
    const { viewersTold } = this.messages;
    return Math.abs(this.viewers - viewersTold) > COUNT_NEWS * viewersTold;
  }

  /** @param {Send[]} sends @param {Flight} flight @param {number} now @param {object} data */
  #send(sends, flight, now, data) {
    const ended = this.ended && flight.kind === 'stream';
    const id = this.flights.start({ ...flight, ended }, now);
    const to = flight.to?.length === 1 ? flight.to[0] : flight.to;
    sends.push({ id, data, to });
  }

  /** @param {number} now */
  #nextWake(now) {
    if (!this.online) return NEVER;
    const { flights } = this;
    const times = [this.audience.wakeAt, flights.wakeAt(now)];
    if (!flights.has('hand')) times.push(this.hands.wakeAt);
    if (!flights.has('stream') && this.needRoomFull)
      times.push(Math.max(this.flushAt, this.roomFullAt));
    else if (!flights.has('stream') && this.#hasDelta()) times.push(this.flushAt);
    if (this.#mayAnswer) times.push(this.answers.wakeAt);
    if (!flights.has('beat')) times.push(this.#beatDue());
    if (this.#viewWaits()) times.push(this.viewAt);
    return Math.max(now + 1, Math.min(...times));
  }
}
