// Something made of several processes and servers: started as a whole or not at all, and ended in
// the order in which its parts were told, whatever the end of one of them says.

export class Parts {
  #closers = [];

  /** @param {() => Promise<unknown>} close */
  endWith(close) {
    this.#closers.push(close);
  }

  /** Starts it, or ends what of it was started. @param {object} options of its start() */
  async begin(options) {
    try {
      await this.start(options);
    } catch (error) {
      await this.close().catch(() => {});
      throw error;
    }
    return this;
  }

  async close() {
    const faults = [];
    for (const close of this.#closers.splice(0)) {
      await close().catch((error) => faults.push(error));
    }
    if (faults.length > 0) throw faults[0];
  }
}
