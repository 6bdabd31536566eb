// One WebSocket of a native client: keep-alive, the bound on unread output, and its end.

const CLOSE_MS = 2000; // for the client's answer to a close
const MAX_REASON = 120; // bytes; a close frame takes 123, and a cut character may grow by two

export class Wire {
  #socket;
  #maxPending;
  #alive = true;
  #isHeld = false;
  #timer;

  /**
   * @param {import('ws').WebSocket} socket
   * @param {{keepAliveMs: number, maxPendingBytes: number}} limits
   * @param {{onMessage: (data: Buffer, isBinary: boolean) => void,
   *   onEnd: (reason: string, clean: boolean) => void}} receiver clean: the client said goodbye
   */
  constructor(socket, { keepAliveMs, maxPendingBytes }, { onMessage, onEnd }) {
    this.#socket = socket;
    this.#maxPending = maxPendingBytes;
    this.reason = '';
    socket.on('message', onMessage);
    socket.on('error', (error) => {
      this.reason ||= error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'MessageTooLarge' : '';
    });
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('close', (code) => {
      clearInterval(this.#timer);
      onEnd(this.reason, code !== 1006);
    });
    this.#timer = setInterval(() => this.#ping(), keepAliveMs);
  }

  /** Stops reading: the pongs of a client that waits for its turn are not read either. */
  hold() {
    this.#isHeld = true;
    this.#socket.pause();
  }

  release() {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#alive = true;
    this.#socket.resume();
  }

  #ping() {
    if (!this.#alive && !this.#isHeld) {
      this.reason ||= 'PingTimeout';
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
  }

  /** @returns {boolean} false if the client has left too much unread; it is cut off then */
  send(data) {
    this.#socket.send(data);
    if (this.#socket.bufferedAmount <= this.#maxPending) return true;
    this.reason ||= 'SlowClient';
    this.#socket.terminate();
    return false;
  }

  close(code, reason) {
    this.reason ||= reason;
    this.#socket.close(code, Buffer.from(reason).subarray(0, MAX_REASON).toString());
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  terminate() {
    this.#socket.terminate();
  }
}
