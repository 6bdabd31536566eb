// Sockets that have left. That a socket has come and that it has gone are told by two events, which
// the back end handles side by side: the second may be heard first. No socket comes back under its
// name, so what is heard of one that has gone is late.

import { MAX_GONE } from './protocol.js';

export class Gone {
  /** @type {Set<string>} in the order in which they left */
  #sockets = new Set();

  /** The oldest is forgotten when there are too many. @param {string} socket */
  add(socket) {
    this.#sockets.add(socket);
    if (this.#sockets.size <= MAX_GONE) return;
    const [oldest] = this.#sockets;
    this.#sockets.delete(oldest);
  }

  /** @param {string} socket */
  has(socket) {
    return this.#sockets.has(socket);
  }
}
