// The viewer's side of the protocol: which text it has, whether that is the writer's, and when to
// ask for it. Pure: it is told the time with every call, and says when it wants to be called again
// (`wakeAt`).

import { applyOps, hash, replacement } from './ops.js';
import { opsFromEvents } from './change-events.js';
import { isOfAnotherEpoch } from './positional.js';
import { Flights } from './flights.js';
import { Gone } from './gone.js';
import { Hand } from './hand.js';
import { readReply } from './hand-messages.js';
import {
  AWAY_MS,
  FORM,
  GAP_MS,
  LONGEST_BURST_MS,
  LULL_MS,
  MAX_BUFFERED,
  MAX_TEXT,
  ROLL_CALL_JITTER_MS,
  SILENCE_JITTER_MS,
  SILENCE_MS,
  isSocketId,
  readFromWriter,
  readSession,
} from './protocol.js';

/**
 * @typedef {import('./ops.js').Op} Op
 * @typedef {import('./protocol.js').View} View
 * @typedef {import('./protocol.js').Full} Full
 * @typedef {import('./protocol.js').Delta} Delta
 * @typedef {import('./protocol.js').Beat} Beat
 * @typedef {import('./writer.js').Send} Send
 * @typedef {import('./link.js').Answer} Answer
 */

const ASK_MIN_MS = 1_000;
const ASK_MAX_MS = 10_000;
const NEVER = Infinity;
/** The version of a viewer whose text belongs to no version. */
const NONE = -1;
/** Where the text is kept, a viewer that has joined reads it for so long before it asks. */
const READ_FIRST_MS = 3_500;
/** Texts kept for beats that come late: as many as a writer publishes in a second and a half. */
const RECENT = 8;

export class Viewer {
  /**
   * @param {{ random?: () => number, reads?: boolean }} [options] random: for the jitter that keeps
   *   many viewers from asking at the same moment; reads: the text may be kept, and is read first
   */
  constructor({ random = Math.random, reads = false } = {}) {
    this.random = random;
    this.reads = reads;
    /** Until then nothing is asked of the writer. */
    this.readUntil = 0;
    /** When the text here was kept, by the time of day, if no message has confirmed it yet. */
    this.keptAt = 0;
    this.text = '';
    this.epoch = NONE;
    this.version = NONE;
    /** A text has been received, now or earlier. */
    this.hasText = false;
    /** The text here is known, or must be feared, not to be the writer's newest. */
    this.behind = false;
    this.session = readSession({});
    /** @type {View | undefined} where the writer is in the text here */
    this.view = undefined;
    this.writerLeft = false;
    /** Sockets of writers that have left. */
    this.gone = new Gone();
    /** When the writer was heard last, by this machine's clock. */
    this.heardAt = 0;
    this.connected = false;
    this.sid = '';
    this.joinedAt = 0;
    /** @type {{ code: string, message: string } | undefined} why the last request was refused */
    this.problem = undefined;

    /** @type {Map<number, Delta>} deltas that wait for an earlier one, by version */
    this.buffer = new Map();
    /** @type {unknown[]} deltas of an epoch that no message has named yet */
    this.early = [];
    /** @type {Map<number, string>} the last few texts, by version */
    this.recent = new Map();
    /** @type {Beat | undefined} the beat that the text of its version is to be compared with */
    this.proof = undefined;
    /**
     * @type {{ seq: number, version: number, view: View } | undefined} a view of a text that has
     *   not arrived yet
     */
    this.viewAhead = undefined;
    this.sessionSeq = NONE;
    this.viewSeq = NONE;
    /** The newest version that a message has mentioned. */
    this.newest = NONE;
    /** Until then the delta that is missing, the one after `gapAfter`, may still be on its way. */
    this.gapAt = NEVER;
    this.gapAfter = NONE;
    /** Not before this time is the text asked for again. */
    this.askAt = 0;
    /** Requests since the last reason to ask, for the back-off. */
    this.asked = 0;
    /** When to answer the roll call. */
    this.rollCallAt = NEVER;
    /** When this viewer spoke last. */
    this.saidAt = -NEVER;
    /** The writer whose roll call was answered last, by its socket. */
    this.knownTo = '';
    /** When to ask for a change of the session that has not arrived. */
    this.sessionAt = NEVER;
    /** How long the writer may be silent; the viewers of one writer must not all ask at once. */
    this.patience = SILENCE_MS + random() * SILENCE_JITTER_MS;
    this.flights = new Flights();
    this.hand = new Hand();
    this.wakeAt = NEVER;
  }

  // ---- called by the connection ----

  /** What it says with its request to join, where the transport's can carry that. */
  get firstWord() {
    return this.#word(this.#readsFirst ? { here: true } : {});
  }

  /** The kept text is read before the writer is asked. */
  get #readsFirst() {
    return this.reads && this.needsText;
  }

  /**
   * This viewer is in the room.
   * @param {string} sid @param {number} now @param {boolean} [said]  and has said its first word
   */
  joined(sid, now, said = false) {
    this.connected = true;
    this.sid = sid;
    this.joinedAt = now;
    this.heardAt = now;
    this.writerLeft = false;
    this.flights.clear();
    this.problem = undefined;
    this.hand.tell(now + GAP_MS);
    if (this.#readsFirst) {
      this.readUntil = now + READ_FIRST_MS;
      this.rollCallAt = now; // it makes itself known, and asks for nothing
    }
    this.#want(now);
    if (!said) return;
    this.rollCallAt = NEVER;
    this.saidAt = now;
    if (!this.#readsFirst) this.#backOff(now);
  }

  left() {
    this.connected = false;
    this.flights.clear();
    this.hand.left();
    // Messages may be missed from now on: the text counts as old until the writer says otherwise.
    this.behind = this.hasText;
  }

  /** @param {number} id @param {Answer} answer @param {number} now */
  answered(id, answer, now) {
    if (this.flights.finish(id)?.kind === 'hand') {
      this.hand.answered(answer.success, now);
      return;
    }
    this.problem = answer.success ? undefined : answer.error;
    // The writer may not know of this viewer, and whoever has all of the text does not ask again.
    if (!answer.success && !this.needsText) this.#makeKnownFrom(now + ASK_MAX_MS);
  }

  /** Somebody has joined or left the room. @param {any} event @param {number} now */
  presence(event, now) {
    if (event?.role !== 'writer' || !isSocketId(event.from)) return;
    const { from: sid, state } = event;
    if (state !== 'joined') {
      this.gone.add(sid);
      if (['', sid].includes(this.session.sid)) this.writerLeft = true;
    } else if (!this.gone.has(sid)) {
      // That the writer is there says nothing about the text. A full for the whole room is on its
      // way; a viewer that does not receive it asks.
      this.writerLeft = false;
      // It says, too, how many of the viewers are to answer the roll call.
      this.#rollCall(sid, this.session.roll, now + GAP_MS, true);
      this.#want(now + GAP_MS, ROLL_CALL_JITTER_MS);
    }
  }

  /**
   * A writer with a new connection does not know its viewers, and another may call the roll again:
   * this viewer makes itself known once for each call, if it is in the sample.
   * A viewer that came after the writer has asked it for the text, and is known; one that was there
   * before the writer joined is not.
   * @param {string} sid @param {number} roll @param {number} from @param {boolean} [joined]
   */
  #rollCall(sid, roll, from, joined = false) {
    const { sid: known, roll: answered } = this.session;
    const isNew = known !== sid || answered !== roll;
    if (isNew) this.session = { ...this.session, sid, roll };
    if (joined ? this.knownTo === sid : !isNew || known === '') return;
    this.knownTo = sid;
    this.rollCallAt = from + this.random() * ROLL_CALL_JITTER_MS;
    this.hand.tell(this.rollCallAt);
  }

  /** Many may have the same reason at the same moment. @param {number} from */
  #makeKnownFrom(from) {
    if (this.rollCallAt === NEVER) this.rollCallAt = from + this.random() * ROLL_CALL_JITTER_MS;
  }

  get #inSample() {
    return hash(this.sid) % this.session.sample === 0;
  }

  /**
   * A message from the writer.
   * @param {unknown} raw @param {unknown} from @param {number} now
   * @returns {Op[]} the edits to make in the editor, which lead to `text`
   */
  heard(raw, from, now) {
    const reply = readReply(raw);
    if (reply) {
      if (reply.epoch === this.epoch) this.hand.replied(reply);
      return [];
    }
    const message = readFromWriter(raw, this.epoch);
    if (!message) {
      // Its full may be on its way, and must not leave a gap behind it.
      if (isOfAnotherEpoch(raw, this.epoch)) this.early.push(raw);
      if (this.early.length > MAX_BUFFERED) this.early.shift();
      return [];
    }
    if (message.epoch < this.epoch) return [];
    const begins = message.epoch > this.epoch;
    if (begins) this.#newEpoch(message.epoch, now);
    const edits = this.#take(message, now);
    if (begins) edits.push(...this.early.splice(0).flatMap((early) => this.heard(early, from, now)));
    return edits;
  }

  /** @param {NonNullable<ReturnType<typeof readFromWriter>>} message @param {number} now */
  #take(message, now) {
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
        return this.#view(message);
    }
  }

  // ---- the kept text ----

  /** There is none, or it cannot be read: the writer is asked. */
  notKept() {
    this.readUntil = 0;
  }

  /**
   * A kept text has been read: it is shown unless there is a newer one, and deltas that have been
   * heard meanwhile continue it.
   * @param {import('./kept.js').KeptText} text @param {number} now
   * @returns {Op[]} the edits to make in the editor, which lead to `text`
   */
  restored({ epoch, version, at, name, language, content, ended }, now) {
    if (epoch < this.epoch) return [];
    const begins = epoch > this.epoch;
    if (begins) this.#newEpoch(epoch, now);
    if (version <= this.version) {
      if (version === this.version && this.behind) this.keptAt = at;
      if (version === this.version) this.#end(ended);
      return [];
    }
    if (this.sessionSeq === NONE) this.session = { ...this.session, name, language, ended: false };
    const edits = replacement(this.text, content);
    this.keptAt = at;
    this.recent.clear();
    this.#set(content, version);
    this.hasText = true;
    this.behind = true; // until a message of the writer's says otherwise
    edits.push(...this.#drain(now));
    this.#end(ended);
    const early = begins ? this.early.splice(0) : [];
    return [...edits, ...early.flatMap((one) => this.heard(one, this.session.sid, now))];
  }

  /** Nobody will say of the last text that it is: it is kept with the news. @param {boolean} ended */
  #end(ended) {
    if (!ended || this.version < this.newest) return;
    this.session = { ...this.session, ended };
    this.behind = false;
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
    // Its full may be on its way, but who has no text at all asks for one at once.
    this.gapAt = this.hasText ? now + GAP_MS : NEVER;
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
    if (m.view) this.#view({ seq: m.seq, version: m.version, view: m.view });
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
   * Applies every delta whose turn has come. If one is missing after that, it will be asked for.
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
    this.#showViewAhead();
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

  /** The text here is wrong and no delta fits it: all of it is needed. @param {number} now */
  #mistrust(now) {
    this.version = NONE;
    this.recent.clear();
    this.behind = true;
    this.gapAt = NEVER;
    this.#want(now, GAP_MS);
  }

  /**
   * Either this is the newest text, or a delta is missing and has a moment to arrive.
   * @param {number} now
   */
  #settle(now) {
    // A kept text that is newer than all that has been heard: nothing says that it is the newest.
    if (this.version > this.newest) {
      this.behind = true;
      return;
    }
    if (this.version === NONE || this.version < this.newest) {
      // A lost delta that nothing follows leaves no gap; only the beat shows that it is missing.
      // Where there is no text to edit, no delta is waited for.
      if (this.behind || this.version === NONE) return;
      // In a burst whose deltas overtake each other, one after the other is missing for a moment.
      if (this.gapAt === NEVER || this.version > this.gapAfter) this.gapAt = now + GAP_MS;
      this.gapAfter = this.version;
      return;
    }
    this.behind = false;
    this.keptAt = 0;
    this.gapAt = NEVER;
    this.#want(now);
  }

  // ---- the writer's other messages ----

  /** @param {Beat} m @param {number} now */
  #beat(m, now) {
    if (m.session) this.#session({ ...m, session: m.session }, now);
    else if (Number(m.since) > this.sessionSeq && this.sessionAt === NEVER)
      this.sessionAt = now + this.random() * ROLL_CALL_JITTER_MS;
    // Of a writer that counts nobody come beats and no edits, and it does not know of this viewer.
    if (m.session?.viewers === 0 && now >= this.saidAt + ASK_MIN_MS) this.#makeKnownFrom(now);
    this.proof = m;
    this.#settle(now);
    this.#compare(now);
    return [];
  }

  /**
   * Compares the text of a beat's version with its hash; that text may not have arrived yet, or may
   * have been edited since.
   * @param {number} now
   */
  #compare(now) {
    if (!this.proof || this.proof.version > this.version) return;
    const { version, n, hash: expected } = this.proof;
    const text = this.recent.get(version);
    this.proof = undefined;
    if (text !== undefined && (text.length !== n || hash(text) !== expected)) this.#mistrust(now);
  }

  /** @param {{ seq: number, session: import('./protocol.js').Session }} m @param {number} now */
  #session(m, now) {
    if (m.seq < this.sessionSeq) return;
    this.sessionSeq = m.seq;
    this.sessionAt = NEVER;
    this.#rollCall(m.session.sid, m.session.roll, now);
    this.session = m.session;
    this.hand.allow(m.session.ended ? 0 : m.session.hands);
  }

  /** @param {{ seq: number, version: number, view: View }} m @returns {Op[]} */
  #view(m) {
    if (m.seq <= this.viewSeq) return [];
    this.viewSeq = m.seq;
    this.viewAhead = m;
    this.#showViewAhead();
    return [];
  }

  #showViewAhead() {
    if (!this.viewAhead || this.viewAhead.version > this.version) return;
    if (this.viewAhead.version === this.version) this.view = this.viewAhead.view;
    this.viewAhead = undefined;
  }

  // ---- what is to be done ----

  /**
   * Ends the back-off: the next reason to ask is a new one.
   * @param {number} from @param {number} [jitter]
   */
  #want(from, jitter = 0) {
    this.asked = 0;
    this.askAt = from + this.random() * jitter;
  }

  /** The text here is not, or may not be, the writer's. */
  get needsText() {
    return this.version === NONE || this.behind;
  }

  /** The writer has left, or has been silent for too long. @param {number} now */
  away(now) {
    return !this.session.ended && (this.writerLeft || now - this.heardAt >= AWAY_MS);
  }

  /** What has to be sent now. @param {number} now @returns {Send[]} */
  poll(now) {
    /** @type {Send[]} */
    const sends = [];
    if (this.connected) {
      if (now >= this.#gapDue()) {
        this.gapAt = NEVER;
        this.behind = this.hasText;
        this.#want(now, GAP_MS);
      }
      if (now >= this.#askDue()) this.#ask(now, sends);
      else if (now >= this.rollCallAt) this.#makeKnown(now, sends);
      this.#sayHand(now, sends);
    }
    this.wakeAt = this.#nextWake(now);
    return sends;
  }

  /** When what is missing counts as lost. */
  #gapDue() {
    const lull = this.heardAt + LULL_MS;
    return Math.max(this.gapAt, Math.min(lull, this.gapAt + LONGEST_BURST_MS));
  }

  #askDue() {
    // An ended session may be silent.
    const silenceAt = this.session.ended ? NEVER : this.heardAt + this.patience;
    const reason = this.needsText && this.gapAt === NEVER ? 0 : silenceAt;
    return Math.max(Math.min(reason, this.sessionAt), this.askAt, this.readUntil);
  }

  /** @param {number} now @param {Send[]} sends */
  #ask(now, sends) {
    this.#backOff(now);
    this.#say(now, sends);
  }

  /** It has asked, and waits before it asks again. @param {number} now */
  #backOff(now) {
    const wait = Math.min(ASK_MAX_MS, ASK_MIN_MS * 2 ** this.asked++);
    this.askAt = now + wait * (0.75 + this.random() / 2);
  }

  /** Answers the roll call: nothing is asked for. @param {number} now @param {Send[]} sends */
  #makeKnown(now, sends) {
    const { sid, viewers } = this.session;
    if (this.#inSample || sid === '' || viewers === 0) this.#say(now, sends, { here: true });
    this.rollCallAt = NEVER;
  }

  /** @param {number} now @param {Send[]} sends */
  #sayHand(now, sends) {
    const data = this.hand.poll(now);
    if (data) sends.push({ id: this.flights.start({ kind: 'hand' }, now), data });
  }

  /** @param {number} now @param {Send[]} sends @param {object} [more] */
  #say(now, sends, more) {
    this.rollCallAt = NEVER;
    this.saidAt = now;
    sends.push({ id: this.flights.start({ kind: 'sync' }, now), data: this.#word(more) });
  }

  /** What it has, and what it reads. @param {object} [more] */
  #word(more) {
    const { epoch, version } = this;
    return { data: 'sync', epoch: Math.max(0, epoch), version, form: FORM, ...more };
  }

  /** @param {number} now */
  #nextWake(now) {
    if (!this.connected) return NEVER;
    const times = [
      this.#askDue(),
      this.rollCallAt,
      this.#gapDue(),
      this.heardAt + AWAY_MS,
      this.flights.wakeAt(now),
      this.hand.wakeAt(now),
    ];
    return Math.max(now + 1, Math.min(...times.filter((time) => time > now)));
  }
}
