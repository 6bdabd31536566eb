// Back-pressure: while more of a client's events wait for the handler than may, nothing further is
// read from it, and it is not given up for not having answered a ping meanwhile.

/** Whether an Engine.IO client is read. */
export class Intake {
  #engine;
  #pongIsDue = false;
  #held; // {promise, release} while nothing is read

  /** @param {import('engine.io').Socket} engine */
  constructor(engine) {
    this.#engine = engine;
    engine.on('packetCreate', ({ type }) => {
      if (type === 'ping') this.#pinged();
    });
    engine.on('heartbeat', () => {
      this.#pongIsDue = false;
    });
    engine.on('upgrade', () => {
      if (this.#held) this.#webSocket?.pause();
    });
  }

  get #webSocket() {
    return this.#engine.transport.socket;
  }

  /** Stops reading. What is in the buffers of the transport may still arrive. */
  hold() {
    if (this.#held) return;
    this.#held = {};
    this.#held.promise = new Promise((resolve) => (this.#held.release = resolve));
    this.#webSocket?.pause();
    clearTimeout(this.#engine.pingTimeoutTimer);
    if (this.#pongIsDue) this.#engine.pingIntervalTimer?.refresh();
  }

  /** Reads on. The pong that was not read has all of its time again. */
  release() {
    if (!this.#held) return;
    const { release } = this.#held;
    this.#held = undefined;
    this.#webSocket?.resume();
    if (this.#pongIsDue && this.#engine.readyState === 'open') this.#engine.resetPingTimeout();
    release();
  }

  /** Resolves when the client is read: a request with its packets has to wait for that. */
  open() {
    return this.#held?.promise;
  }

  /** The client is pinged while it waits, too, since it listens for that; its pongs are not read. */
  #pinged() {
    this.#pongIsDue = true;
    if (!this.#held) return;
    this.#engine.pingIntervalTimer.refresh();
    setImmediate(() => {
      if (this.#held) clearTimeout(this.#engine.pingTimeoutTimer);
    });
  }
}
