// Sockets that have left. The back end handles a socket's two events, joined and left, side by
// side, so the second may arrive first. No socket returns under its id: whatever arrives about one
// that has left is late.

import { MAX_GONE } from './protocol.js';

export class Gone {
  /** @type {Set<string>} in the order in which they left */
  #sockets = new Set();

  /** Evicts the oldest when there are too many. @param {string} socket */
  add(socket) {
    this.#sockets.add(socket);
    const [oldest] = this.#sockets;
    if (this.#sockets.size > MAX_GONE) this.#sockets.delete(oldest);
  }

  /** @param {string} socket */
  has(socket) {
    return this.#sockets.has(socket);
  }
}
