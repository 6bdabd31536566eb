// The acknowledgements that one client owes to calls of `:invoke`, whose ids are the service's own.

/** Above every id that a server counts to, and within what clients of all languages can hold. */
const FIRST_ID = 2 ** 30;
const MAX_OPEN = 10_000;

export class Invocations {
  #next = FIRST_ID;
  #open = new Map(); // id -> what resolves its answer

  /**
   * @param {(id: number) => void} ask sends the client the event
   * @returns {{answer: Promise<string | undefined>, cancel: () => void}} see RelayedConnection.invoke
   */
  begin(ask) {
    const id = this.#next++;
    const answer = new Promise((resolve) => this.#open.set(id, resolve));
    if (this.#open.size > MAX_OPEN) this.answer(this.#open.keys().next().value, undefined);
    ask(id);
    return { answer, cancel: () => this.answer(id, undefined) };
  }

  /** @returns {boolean} whether an acknowledgement is one of these, late ones included */
  answer(id, payload) {
    this.#open.get(id)?.(payload);
    this.#open.delete(id);
    return id >= FIRST_ID && id < this.#next;
  }

  end() {
    for (const resolve of this.#open.values()) resolve(undefined);
    this.#open.clear();
  }
}
