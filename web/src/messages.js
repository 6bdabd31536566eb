// A writer's messages as they are encoded: named, or in the short form where every viewer reads it.
// Keeps what the room has been told of the session, so that a beat need not repeat it.

import { eventsFromOps } from './change-events.js';
import { encodedSize, hash } from './ops.js';
import { encodeBeat, encodeDelta, encodeView } from './positional.js';
import { FLUSH_MS } from './protocol.js';

/**
 * @typedef {import('./writer.js').Writer} Writer
 * @typedef {import('./ops.js').Op} Op
 */

/** About what a message has besides text: names, numbers, the handler's own part. */
export const FRAME_BYTES = 500;

export class Messages {
  #seq = 0;
  /** The session as the whole room has been told it, in JSON, and the seq of that message. */
  #told = { session: '', seq: 0 };
  /** The size of the last text that was measured. */
  #sized = { text: '', bytes: 2 + FRAME_BYTES };
  /** The number of viewers that the room has been told. */
  viewersTold = 0;

  /** @param {Writer} writer */
  constructor(writer) {
    this.writer = writer;
  }

  get #short() {
    return this.writer.audience.readsArrays;
  }

  /** Of a full, in bytes. */
  get fullSize() {
    const { text } = this.writer.known;
    if (this.#sized.text !== text) this.#sized = { text, bytes: encodedSize(text) + FRAME_BYTES };
    return this.#sized.bytes;
  }

  /** The published text. @param {boolean} toRoom  or else to some of it only */
  full(toRoom) {
    const { paused, view, known } = this.writer;
    const session = this.#session();
    const state = this.#state();
    if (toRoom) this.#tell(session, state.seq);
    else this.#tellSome(session);
    const shown = paused ? undefined : view;
    return { type: 'full', ...state, ...session, content: known.text, view: shown };
  }

  /**
   * @param {string} before  the text that the edits lead from; they lead to the published one
   * @param {Op[]} changes
   * @param {boolean} withView
   */
  delta(before, changes, withView) {
    const { epoch, version, known, audience } = this.writer;
    const view = withView ? this.writer.view : undefined;
    const delta = { epoch, version, n: known.text.length, changes, view };
    if (this.#short) return encodeDelta(delta);
    const encoded = audience.plain.size > 0 ? eventsFromOps(before, changes) : changes;
    return { type: 'delta', ...delta, changes: encoded };
  }

  /** Where the writer is. @param {import('./protocol.js').View} view */
  view(view) {
    const { epoch, version } = this.writer;
    const message = { epoch, seq: ++this.#seq, version, view };
    return this.#short ? encodeView(message) : { type: 'view', ...message };
  }

  /** A beat for the room; whole: with the session in it. */
  beat() {
    const session = this.#session();
    const state = this.#state();
    if (this.#short && JSON.stringify(session) === this.#told.session)
      return { whole: false, data: encodeBeat({ ...state, since: this.#told.seq }) };
    this.#tell(session, state.seq);
    return { whole: true, data: { type: 'beat', ...state, ...session } };
  }

  /** A beat for those who have asked: they may have missed what the room was told. */
  wholeBeat() {
    const session = this.#session();
    this.#tellSome(session);
    return { type: 'beat', ...this.#state(), ...session };
  }

  /** What viewers are told of their hands. @param {import('./hands.js').Told} told */
  hand({ n, state }) {
    return { type: 'hand', epoch: this.writer.epoch, n, state };
  }

  /** What was told last may not have reached the room. */
  tellAgain() {
    this.#told.session = '';
  }

  /**
   * Some know of a change before the room does: should it be undone in the meantime, a beat that
   * repeats nothing would leave them with it.
   * @param {object} session
   */
  #tellSome(session) {
    if (JSON.stringify(session) !== this.#told.session) this.tellAgain();
  }

  /** @param {{ viewers: number }} session @param {number} seq */
  #tell(session, seq) {
    this.#told = { session: JSON.stringify(session), seq };
    this.viewersTold = session.viewers;
  }

  #state() {
    const { epoch, version, known } = this.writer;
    const { text } = known;
    return { epoch, seq: ++this.#seq, version, n: text.length, hash: hash(text) };
  }

  /** What is usual is left out. */
  #session() {
    const { paused, ended, viewers, sid, pace, hands } = this.writer;
    const { language, name } = this.writer.known;
    const { roll, sample } = this.writer.audience;
    return {
      language,
      name,
      paused,
      ended,
      viewers,
      sid,
      roll,
      ...(sample > 1 && { sample }),
      ...(pace > FLUSH_MS && { pace }),
      ...(hands.allowed > 0 && { hands: hands.allowed }),
    };
  }
}
