// A session of a file: what the file holds is what the writer writes. The writer, its link and what
// decides between two writers are the page's own.

import { Connection } from '../../web/src/connection.js';
import { HANDS, HANDS_OFF } from '../../web/src/hand-messages.js';
import { Keeping } from '../../web/src/keeping.js';
import { lineAt } from '../../web/src/lines.js';
import { replacement } from '../../web/src/ops.js';
import { ROLL_CALL_EVERY_MS } from '../../web/src/protocol.js';
import { Takeover } from '../../web/src/takeover.js';
import { now } from '../../web/src/ticker.js';
import { Writer } from '../../web/src/writer.js';
import { NODE } from './device.js';
import { sharingLine } from './words.js';

/** For the last words: what is slower than this is not waited for. */
const LAST_WORDS_MS = 5_000;
/** Viewers follow the line that has changed, with so many lines around it. */
const AROUND = 10;

/**
 * @typedef {object} Listener
 * @property {(line: string) => number | void} state  what is true now; may return when to be told
 *   again
 * @property {(session: import('./session-store.js').Session) => void} admitted  once for each epoch
 * @property {(room: string) => void} live  once: whoever comes now is heard of, and finds the text
 * @property {(trouble: import('../../web/src/link.js').Trouble) => void} refused  for good
 * @property {(epoch: number) => void} takenOver  by a writer with this epoch, 0 if it told none
 */

export class Sharing {
  #writer;
  #takeover;
  /** @type {Connection} */
  #connection;
  #listener;
  /** @type {Keeping | undefined} */
  #keeping;
  #session;
  #remark = '';
  #admitted = 0;
  #live = false;
  /** There may be viewers from before this connection. */
  #returned;
  #refused = false;
  /** @type {() => void} called with every step */
  #stepped = () => {};

  /**
   * @param {import('../../web/src/connection.js').BackEnd} backEnd
   * @param {{ text: string, name: string, language: string, word: () => string,
   *   earlier?: import('./session-store.js').Session, listener: Listener }} options
   *   word: the owner's, '' while none is known; earlier: the session to go on with
   */
  constructor(backEnd, { text, name, language, word, earlier, listener }) {
    const { room = '', key = '', epoch = 0 } = earlier ?? {};
    const native = backEnd.transport === 'native';
    this.#session = { room, key };
    this.#listener = listener;
    this.#returned = earlier !== undefined;
    this.#writer = new Writer({
      greatest: epoch,
      text,
      name,
      language,
      hands: native ? HANDS_OFF : HANDS,
      // The native endpoint does not report that a viewer has left.
      rollCallEvery: native ? ROLL_CALL_EVERY_MS : undefined,
    });
    this.#takeover = new Takeover({
      writer: this.#writer,
      announce: () => this.#connection.announce(),
      renew: () => {
        this.#writer.renew();
        this.#connection.retry();
      },
      giveWay: () => this.#giveWay(),
    });
    this.#connection = new Connection(
      {
        ...backEnd,
        ...this.#session,
        core: this.#writer,
        word,
        show: () => this.#show(),
        ticket: (ticket) => this.#ticket(ticket),
        presence: (event, time) => {
          this.#takeover.presence(event, time);
          this.#keeping?.presence(event);
        },
      },
      NODE,
    );
    if (backEnd.keepDays > 0) this.#keep(backEnd);
  }

  start() {
    this.#connection.start();
  }

  /** After a refusal: the word is known now. */
  retry() {
    this.#refused = false;
    this.#connection.retry();
  }

  /** @param {string} text  what the file holds now */
  write(text) {
    const writer = this.#writer;
    const ops = replacement(writer.text, text);
    if (ops.length === 0 || writer.ended || this.#takeover.done || !writer.edit(ops)) return;
    const [offset, , inserted] = ops[ops.length - 1];
    writer.setView(viewAt(text, offset + inserted.length));
    this.#connection.step();
  }

  /** @param {string} remark  what has to be said of the file, '' for nothing */
  remark(remark) {
    this.#remark = remark;
    this.#connection.step();
  }

  /**
   * Ends the session for everybody.
   * @returns {Promise<boolean | undefined>} whether the viewers have been told; undefined: there was
   *   no session
   */
  async end() {
    const writer = this.#writer;
    if (this.#admitted > 0) {
      writer.set({ ended: true });
      await this.#until(() => writer.endTold || this.#takeover.done);
      await this.#lastText();
    }
    this.#connection.stop();
    return this.#session.room === '' ? undefined : writer.endTold;
  }

  /** Leaves the room; the session can be gone on with. */
  async leave() {
    this.#writer.hurry();
    await this.#until(() => this.#writer.settled || !this.#writer.online);
    await this.#lastText();
    this.#connection.stop();
  }

  // ---- inside ----

  /** @param {import('../../web/src/connection.js').BackEnd} backEnd */
  #keep({ api, keepDays: days }) {
    this.#keeping = new Keeping({
      api,
      days,
      session: this.#session,
      writer: this.#writer,
      changed: () => this.#connection.step(),
      outranked: (epoch) => this.#takeover.saved(epoch),
      whenLeaving() {},
    });
    this.#keeping.told = true; // main.js has
  }

  /** @param {import('../../web/src/link.js').Ticket} ticket */
  #ticket({ room_id: room, writer_key: key }) {
    Object.assign(this.#session, { room, key: key ?? this.#session.key });
    const { epoch } = this.#writer;
    if (epoch === this.#admitted) return;
    this.#admitted = epoch;
    this.#listener.admitted({ ...this.#session, epoch });
  }

  /** @returns {number} when to be called again */
  #show() {
    const { state: link } = this.#connection;
    const takenOver = this.#takeover.done;
    if (link.phase !== 'up' && this.#live) this.#returned = true;
    if (link.phase === 'up' && !this.#live) {
      this.#live = true;
      this.#listener.live(this.#session.room);
    }
    this.#takeover.poll(now());
    const keepAt = takenOver ? Infinity : (this.#keeping?.step() ?? Infinity);
    const line = sharingLine({
      link,
      writer: this.#writer,
      takenOver,
      returned: this.#returned,
      remark: this.#remark,
      now: now(),
    });
    const stateAt = this.#listener.state(line) ?? Infinity;
    if (link.phase === 'failed' && link.trouble && !this.#refused) {
      this.#refused = true;
      this.#listener.refused(link.trouble);
    }
    this.#stepped();
    return Math.min(this.#takeover.wakeAt, keepAt, stateAt);
  }

  #giveWay() {
    this.#connection.stop();
    this.#writer.left();
    this.#listener.takenOver(this.#takeover.rivalEpoch);
  }

  /** @param {() => boolean} done */
  #until(done) {
    return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      const timer = setTimeout(resolve, LAST_WORDS_MS);
      this.#stepped = () => {
        if (!done()) return;
        clearTimeout(timer);
        resolve();
      };
      this.#connection.step();
    });
  }

  async #lastText() {
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, LAST_WORDS_MS)));
    await Promise.race([this.#keeping?.hurry(), late]);
    clearTimeout(timer);
  }
}

/**
 * Where the writer is who has just written up to this place.
 * @param {string} text @param {number} offset
 * @returns {import('../../web/src/protocol.js').View}
 */
function viewAt(text, offset) {
  const line = lineAt(text, offset) + 1;
  return { selections: [[offset, offset]], top: Math.max(1, line - AROUND), bottom: line + AROUND };
}
