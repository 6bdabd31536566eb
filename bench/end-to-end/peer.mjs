// A page without its screen: the protocol's core and the link, as the page uses them, and the
// rhythm of web/src/connection.js.

import { Link } from '../../web/src/link.js';
import { Viewer } from '../../web/src/viewer.js';
import { Writer } from '../../web/src/writer.js';

export const now = () => performance.now();

class Peer {
  #timer;
  #stopped = false;

  /** @param {{ api: string, room?: string }} where */
  constructor(core, where, { joined, heard, onSend = () => {} }) {
    this.core = core;
    this.onSend = onSend;
    const then = (tell) => (...args) => {
      tell(...args);
      this.step();
    };
    const listener = {
      ticket() {},
      joining: (sid) => core.joining?.(sid),
      joined: then((sid, said) => {
        core.joined(sid, now(), said);
        joined?.();
      }),
      left: then(() => core.left()),
      heard: then((data, from) => {
        core.heard(data, from, now());
        heard?.();
      }),
      presence: then((event) => core.presence(event, now())),
    };
    this.link = new Link({ ...where, listener, firstWord: () => core.firstWord });
    this.link.start();
  }

  /** Sends what is due, and sets the time of the next step. */
  step() {
    if (this.#stopped) return;
    const { core, link } = this;
    clearTimeout(this.#timer);
    if (core.flights.dead(now())) {
      link.restart();
      return;
    }
    for (const { id, data, to } of core.poll(now())) {
      const answered = (answer) => {
        core.answered(id, answer, now());
        this.step();
      };
      link.send(data, { to, answered: id === undefined ? undefined : answered });
      this.onSend(data);
    }
    const wait = Math.min(core.wakeAt - now(), 60_000);
    this.#timer = setTimeout(() => this.step(), Math.max(0, wait));
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.link.stop();
  }
}

/** Resolves to a writer of a new room that has joined it. */
export function openWriter(api, { onSend }) {
  const core = new Writer({ epoch: Date.now(), text: '', language: 'c', name: 'live.c' });
  return new Promise((resolve) => {
    const peer = new Peer(core, { api }, { joined: () => resolve(peer), onSend });
  });
}

/** Resolves to a viewer that has the text. `onText` hears how long it is whenever it changes. */
export function openViewer(api, room, { onText, onSend }) {
  const core = new Viewer();
  return new Promise((resolve) => {
    let { version } = core;
    const peer = new Peer(core, { api, room }, {
      onSend,
      heard: () => {
        if (core.version !== version) onText(core.text.length);
        ({ version } = core);
        if (core.hasText && !core.needsText) resolve(peer);
      },
    });
  });
}
