// The page without its screen: the modules that the page itself runs (texts, protocol, connection,
// status) on the real Socket.IO client, and somebody who types. Every word that the status line
// would say is kept, with its time.
import { WebSocket } from 'ws';
import { Connection } from '../../web/src/connection.js';
import { viewerStatus, writerStatus } from '../../web/src/status.js';
import { now } from '../../web/src/ticker.js';
import { Viewer } from '../../web/src/viewer.js';
import { Writer } from '../../web/src/writer.js';

/** A browser's, whose failure nobody has to catch. Not every Node has one. */
class BrowserSocket extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols);
    this.on('error', () => {});
  }
}
globalThis.WebSocket ??= BrowserSocket;

/** A machine that always has a network, and whose timer ends with the page. */
class Desk {
  #timer;
  #closed = false;

  hasNetwork = () => true;
  onNetwork = () => {};
  ticker = (wake) => {
    let next = Infinity;
    return (at) => {
      if (at === next || this.#closed) return;
      next = at;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => {
        next = Infinity;
        wake();
      }, Math.min(Math.max(0, at - now()), 2 ** 31 - 1));
    };
  };

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}

/** What the two kinds of pages have in common. */
class PageCore {
  #desk = new Desk();

  constructor(name) {
    this.name = name;
    /** @type {{ at: number, word: string }[]} each new word of the status line */
    this.words = [];
    /** Called whenever the page would be drawn. */
    this.onShow = () => {};
  }

  get device() {
    return this.#desk;
  }

  get live() {
    return this.status.word === 'Live';
  }

  get room() {
    return this.connection.link.room;
  }

  show = () => {
    if (!this.connection) return; // it shows itself while it is being made
    const { word } = this.status;
    if (this.words.at(-1)?.word !== word) this.words.push({ at: now(), word });
    this.onShow();
  };

  close() {
    this.connection.stop();
    this.#desk.close();
  }
}

export class WriterPage extends PageCore {
  /**
   * @param {{ backEnd: import('../../web/src/connection.js').BackEnd, text?: string,
   *   name?: string, greatest?: number }} options  greatest: the epoch of whoever wrote before
   */
  constructor({ backEnd, text = '', name = 'writer', greatest }) {
    super(name);
    this.core = new Writer({ text, language: 'plaintext', name: '', greatest });
    const { core, show } = this;
    this.connection = new Connection({ ...backEnd, core, show }, this.device);
    this.connection.start();
  }

  get text() {
    return this.core.text;
  }

  get status() {
    const link = this.connection.state;
    return writerStatus({
      link, writer: this.core, takenOver: false, draftKept: true, now: now(),
    });
  }

  /** Puts words at the end, as a hand does. */
  type(words) {
    this.core.edit([[this.text.length, 0, words]]);
    this.connection.step();
  }

  /** Any edit, as the editor reports it. */
  edit(ops) {
    this.core.edit(ops);
    this.connection.step();
  }
}

export class ViewerPage extends PageCore {
  /**
   * @param {{ backEnd: import('../../web/src/connection.js').BackEnd, room: string,
   *   name?: string }} options
   */
  constructor({ backEnd, room, name = 'viewer' }) {
    super(name);
    this.core = new Viewer();
    const { core, show } = this;
    this.connection = new Connection({ ...backEnd, room, core, show }, this.device);
    this.connection.start();
  }

  get text() {
    return this.core.text;
  }

  get status() {
    return viewerStatus({ link: this.connection.state, viewer: this.core, now: now() });
  }
}
