// Keeps a file at the newest text. It is replaced, never rewritten: whoever reads it finds the whole
// of one text.

import { chmod, rename, realpath, rm, stat, writeFile } from 'node:fs/promises';

/** A text is saved at most this often. */
const EVERY_MS = 100;
/** A disk that was full has room again, a folder is there. */
const RETRY_MS = 1_000;

export class Saver {
  #path;
  #failed;
  /** @type {string | undefined} */
  #saved;
  /** @type {string | undefined} */
  #wanted;
  /** @type {Promise<void> | undefined} */
  #saving;
  #isDone = false;
  /** Ends the pause. */
  #hurry = () => {};

  /** @param {string} path @param {(problem: string) => void} failed  '' when it works again */
  constructor(path, failed) {
    this.#path = path;
    this.#failed = failed;
  }

  /** @param {string} text */
  save(text) {
    this.#wanted = text;
    this.#saving ??= this.#run().finally(() => (this.#saving = undefined));
  }

  /** @returns {Promise<boolean>} whether the newest text is in the file */
  async done() {
    this.#isDone = true;
    this.#hurry();
    await this.#saving;
    if (this.#wanted !== this.#saved && this.#wanted !== undefined) await this.#write(this.#wanted);
    return this.#wanted === this.#saved;
  }

  async #run() {
    while (!this.#isDone && this.#wanted !== undefined && this.#wanted !== this.#saved)
      await this.#pause((await this.#write(this.#wanted)) ? EVERY_MS : RETRY_MS);
  }

  /** @param {number} ms */
  #pause(ms) {
    return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      const timer = setTimeout(resolve, this.#isDone ? 0 : ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** @param {string} text */
  async #write(text) {
    const target = await realpath(this.#path).catch(() => this.#path);
    const beside = `${target}.${process.pid}.new`;
    try {
      const found = await stat(target).catch(() => undefined);
      // A device is not to be replaced by a file.
      if (found && !found.isFile()) throw new Error('it is no file');
      await writeFile(beside, text, { flag: 'wx' });
      if (found) await chmod(beside, found.mode & 0o777);
      await rename(beside, target);
      this.#saved = text;
      this.#failed('');
      return true;
    } catch (error) {
      await rm(beside, { force: true }).catch(() => {});
      this.#failed(`cannot be written: ${/** @type {Error} */ (error).message}`);
      return false;
    }
  }
}
