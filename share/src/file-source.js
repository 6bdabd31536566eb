// Follows a file: whenever it has been saved, tells its text, or what is wrong with it. Editors
// replace, rename or rewrite a file; so its folder is watched, and for what no system reports the
// file itself is looked at every second.

import { watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { readFileText } from './file-text.js';

/** @typedef {import('./file-text.js').Reading} Reading */

/** Reports of one save come together. */
const TOGETHER_MS = 10;
const LOOK_MS = 1_000;
/** A file that is being saved may for a moment be empty, shorter, or away: it is read again. */
const SAVING_MS = 60;
/** Cut in the middle of a letter, it is no UTF-8; whoever saves slowly gets to the other half. */
const LETTER_MS = 2_000;

export class FileSource {
  #path;
  #told;
  /** @type {Reading | undefined} what was told last */
  #last;
  /** @type {import('node:fs').FSWatcher[]} */
  #watchers = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #looking;
  #reading = false;
  /** Something has happened since the reading that is under way began. */
  #again = false;
  #mark = '';
  #closed = false;

  /**
   * @param {string} path
   * @param {(reading: Reading) => void} told  called with each new text, and when there is none
   */
  constructor(path, told) {
    this.#path = resolve(path);
    this.#told = told;
  }

  /** Reads the file, and follows it unless it cannot be read now. @returns {Promise<Reading>} */
  async start() {
    this.#mark = await this.#look();
    const first = await readFileText(this.#path);
    if ('problem' in first) return first;
    this.#last = first;
    await this.#watchFolders();
    this.#looking = setInterval(() => this.#seeWhetherChanged(), LOOK_MS);
    this.#soon(); // it may have been saved meanwhile
    return first;
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#looking);
    for (const watcher of this.#watchers) watcher.close();
  }

  /** The folder of the name, and the one of the file that a symbolic link leads to. */
  async #watchFolders() {
    const target = await realpath(this.#path).catch(() => this.#path);
    if (this.#closed) return;
    const paths = [this.#path, target];
    const names = paths.map((path) => basename(path));
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    for (const folder of new Set(paths.map(dirname))) this.#watch(folder, names);
  }

  /** @param {string} folder @param {string[]} names */
  #watch(folder, names) {
    try {
      const watcher = watch(folder, (_, changed) => {
        if (changed === null || names.includes(changed)) this.#soon();
      });
      // Without it, the file is looked at.
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // The same.
    }
  }

  #soon() {
    if (this.#closed) return;
    if (this.#reading) this.#again = true;
    else this.#timer ??= setTimeout(() => this.#read(), TOGETHER_MS);
  }

  /** What changes when the file does; '' if it is not there. */
  async #look() {
    const found = await stat(this.#path, { bigint: true }).catch(() => undefined);
    return found ? `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}` : '';
  }

  async #seeWhetherChanged() {
    const mark = await this.#look();
    if (mark === this.#mark || this.#closed) return;
    // Nobody has told: the folder may be another one now.
    await this.#watchFolders();
    this.#soon();
  }

  async #read() {
    this.#timer = undefined;
    this.#reading = true;
    this.#again = false;
    this.#mark = await this.#look();
    let reading = await readFileText(this.#path);
    for (let waited = 0; waited < this.#patience(reading); waited += SAVING_MS) {
      await new Promise((later) => setTimeout(later, SAVING_MS));
      this.#mark = await this.#look();
      reading = await readFileText(this.#path);
    }
    this.#reading = false;
    if (this.#closed) return;
    this.#tell(reading);
    if (this.#again) this.#soon();
  }

  /**
   * How long to wait for a better reading, since this is what one gets while a file is being saved.
   * @param {Reading} reading
   */
  #patience(reading) {
    if ('problem' in reading) return SAVING_MS;
    const before = this.#last;
    if (!before || 'problem' in before) return 0;
    if (reading.guessed && !before.guessed) return LETTER_MS;
    const shorter = reading.text.length < before.text.length && before.text.startsWith(reading.text);
    return shorter ? SAVING_MS : 0;
  }

  /** @param {Reading} reading */
  #tell(reading) {
    const last = this.#last;
    if (last && 'text' in last && 'text' in reading && last.text === reading.text) return;
    if (last && 'problem' in last && 'problem' in reading && last.problem === reading.problem) return;
    this.#last = reading;
    this.#told(reading);
  }
}
