// Faults on purpose: their settings, which may change while the service runs.

/** Of the same form as the other settings. Every n-th: 0 for none. */
export const FAULTS = {
  duplicateEvents: {
    kind: 'flag',
    value: false,
    help: 'send every event twice, as after a response that got lost',
  },
  eventLatencyMs: {
    kind: 'ms',
    value: 0,
    help: 'how late an event reaches its handler, as with a slow one',
  },
  eventDropEvery: {
    kind: 'count',
    value: 0,
    help: 'each n-th delivery of an event is lost: no handler hears of it, and none answers',
  },
  restLatencyMs: { kind: 'ms', value: 0, help: 'how late a REST call is carried out' },
  restFailEvery: { kind: 'count', value: 0, help: 'each n-th REST call fails, and does nothing' },
  restFailStatus: { kind: 'count', value: 503, help: 'how it fails: 429, or 500 to 599' },
  tokenLifeSeconds: {
    kind: 'count',
    value: 0,
    help: 'a client token is over so long after its iat, whatever its exp; 0: as it says',
  },
  closeAfterMs: { kind: 'ms', value: 0, help: 'a connection is ended politely after so long' },
  cutAfterMs: { kind: 'ms', value: 0, help: 'a connection is cut after so long, without a word' },
};

/** Ends a connection when its time on purpose is over; one that has ended does not mind. */
export function limitLife(connection, { closeAfterMs, cutAfterMs }) {
  if (closeAfterMs > 0) setTimeout(() => connection.close('OnPurpose'), closeAfterMs).unref();
  if (cutAfterMs > 0) setTimeout(() => connection.terminate(), cutAfterMs).unref();
}

/** Counts, and says of each n-th whether it is one. */
export class EveryNth {
  #count = 0;

  /** @param {number} n 0: never */
  hit(n) {
    if (n === 0) return false;
    this.#count = (this.#count + 1) % n;
    return this.#count === 0;
  }
}
