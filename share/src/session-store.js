// The sessions that --resume can go on with: room, key and epoch of each file that was shared last
// and not ended. The key is the right to write, so only the owner may read the files.

import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';

/**
 * @typedef {{ room: string, key: string, epoch: number }} Session
 */

/** A session that nobody has gone on with for so long is forgotten. */
const FORGET_MS = 30 * 86_400_000;
/** When the program ends, what is being stored is waited for so long. */
const LAST_WORDS_MS = 1_000;

/** @param {NodeJS.ProcessEnv} env */
function folderOf({ XDG_STATE_HOME: own = '' }) {
  // Relative to wherever one happens to be, it would not be found again; the standard ignores it.
  const state = isAbsolute(own) ? own : join(homedir(), '.local', 'state');
  return join(state, 'codestream-share');
}

/** A folder that cannot be made may be tried for ever: under /proc, it is. @param {Promise<any>} stored */
const inTime = (stored) =>
  Promise.race([stored, new Promise((late) => setTimeout(late, LAST_WORDS_MS))]);

export class SessionStore {
  #file;
  #env;
  /** The room that was stored last; another program may store one for the same file. */
  #room = '';
  /** One after the other. @type {Promise<unknown>} */
  #last = Promise.resolve();

  /**
   * @param {object} of
   * @param {string} of.file  '-' is standard input
   * @param {string} of.api @param {NodeJS.ProcessEnv} [of.env]
   */
  constructor({ file, api, env = process.env }) {
    this.#env = env;
    const name = `${api}\n${file === '-' ? file : resolve(file)}`;
    const digest = createHash('sha256').update(name).digest('hex').slice(0, 32);
    this.#file = `${digest}.json`;
  }

  /** Fails for somebody who has no home. */
  get #path() {
    return join(folderOf(this.#env), this.#file);
  }

  /** @returns {Promise<Session | undefined>} undefined: there is none, or it cannot be read */
  async read() {
    try {
      const { room, key, epoch } = JSON.parse(await readFile(this.#path, 'utf8'));
      const whole = [room, key].every((part) => typeof part === 'string' && part !== '');
      return whole && Number.isSafeInteger(epoch) ? { room, key, epoch } : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * @param {Session} session
   * @returns {Promise<string | undefined>} why it could not be stored
   */
  write(session) {
    const written = this.#last.then(() => this.#write(session));
    this.#last = written;
    return written;
  }

  /** The next writer of this session will have a greater epoch than this one. @param {number} epoch */
  async outrank(epoch) {
    const own = await this.#own();
    if (own && own.epoch < epoch) await inTime(this.write({ ...own, epoch }));
  }

  async forget() {
    if (await this.#own()) await rm(this.#path, { force: true }).catch(() => {});
  }

  /** What is stored, if it is the session that was stored here last. */
  async #own() {
    await inTime(this.#last);
    const stored = await this.read();
    return stored?.room === this.#room ? stored : undefined;
  }

  /** @param {Session} session */
  async #write(session) {
    let beside = '';
    try {
      const folder = dirname(this.#path);
      beside = `${this.#path}.${process.pid}`;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(beside, JSON.stringify(session), { mode: 0o600, flag: 'wx' });
      await chmod(beside, 0o600); // where the mode is not heeded, this fails
      if (process.platform !== 'win32' && ((await stat(beside)).mode & 0o077) !== 0)
        throw new Error('others could read the file');
      await rename(beside, this.#path);
      this.#room = session.room;
      await this.#prune(folder);
      return undefined;
    } catch (error) {
      if (beside !== '') await rm(beside, { force: true }).catch(() => {});
      // Going on later in the room of an older session would be a surprise.
      const stored = await this.read();
      if (stored && stored.room !== session.room) await rm(this.#path, { force: true }).catch(() => {});
      return /** @type {Error} */ (error).message;
    }
  }

  /** @param {string} folder */
  async #prune(folder) {
    const before = Date.now() - FORGET_MS;
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile() && found.mtimeMs < before) await rm(path, { force: true });
    }
  }
}
