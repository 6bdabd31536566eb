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
  constructor(core, where, { onJoin, onData, onPresence, onSend = () => {}, onTicket }) {
    this.core = core;
    this.onSend = onSend;
    const then = (tell) => (...args) => {
      tell?.(...args);
      this.step();
    };
    const onDown = () => core.leave();
    const listener = { onTicket, onJoin, onData, onPresence, onDown };
    for (const [name, tell] of Object.entries(listener)) listener[name] = then(tell);
    this.link = new Link({ ...where, listener });
    this.link.start();
  }

  /** Sends what is due, and sets the time of the next step. */
  step() {
    if (this.#stopped) return;
    const { core, link } = this;
    clearTimeout(this.#timer);
    if (core.dead(now())) {
      link.restart();
      return;
    }
    for (const { id, data, to, ack } of core.poll(now())) {
      const answered = (answer) => {
        core.answered(id, answer, now());
        this.step();
      };
      link.send(data, { to, answered: ack ? answered : undefined });
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
    const peer = new Peer(core, { api }, {
      onJoin: (sid) => {
        core.join(sid, now());
        resolve(peer);
      },
      onData: (data, from) => core.heard(data, from, now()),
      onPresence: ({ role, from, state }) => {
        if (role === 'viewer') core.presence(from, state === 'joined');
      },
      onSend,
    });
  });
}

/** Resolves to a viewer that has the text. `onText` hears how long it is whenever it changes. */
export function openViewer(api, room, { onText }) {
  const core = new Viewer();
  return new Promise((resolve) => {
    const peer = new Peer(core, { api, room }, {
      onJoin: () => core.join(now()),
      onData: (data) => {
        const { version } = core;
        core.heard(data, now());
        if (core.version !== version) onText(core.text.length);
        if (core.hasText && !core.needsText) resolve(peer);
      },
      onPresence: ({ role, from, state }) => {
        if (role === 'writer') core.presence(from, state === 'joined', now());
      },
    });
  });
}
