// `codestream-share FILE`: the link first, then a line of state for as long as the session lasts.

import { basename } from 'node:path';
import { daysText } from '../../web/src/kept.js';
import { languageOfFile } from '../../web/src/languages.js';
import { cleanName } from '../../web/src/protocol.js';
import { viewersLink } from '../../web/src/share.js';
import { FileSource } from './file-source.js';
import { InputSource, LEFT_OUT } from './input-source.js';
import { readBackEnd } from './page.js';
import { SessionStore } from './session-store.js';
import { Sharing } from './sharing.js';
import { INTERRUPTED, onSignals } from './signals.js';
import { StateLine, askHidden, qrText } from './terminal.js';
import { complaint, visibleLine } from './visible.js';
import { reasonOf } from './words.js';

const WORD = 'CODESTREAM_WRITERS_WORD';

/** @typedef {import('./options.js').ShareOptions} ShareOptions */

/** @param {ShareOptions} options @returns {Promise<number>} the exit code */
export async function share(options) {
  const run = new Run(options);
  const source = options.file === '-' ? undefined : new FileSource(options.file, (reading) => run.read(reading));
  const first = (await source?.start()) ?? { text: '' };
  if ('problem' in first) return run.fail(`${options.file} ${first.problem}.`);
  const backEnd = await readBackEnd(options.page, options.api);
  if (!options.keep) backEnd.keepDays = 0;
  const store = new SessionStore({ file: options.file, api: backEnd.api });
  const earlier = options.resume ? await store.read() : undefined;
  if (options.resume && !earlier)
    return run.fail(`there is no earlier session of ${options.file} to go on with.`);
  const code = await run.run({ backEnd, store, text: first.text, earlier });
  source?.close();
  return code;
}

class Run {
  #options;
  #line = new StateLine(process.stderr);
  /** @type {Sharing | undefined} */
  #sharing;
  #store = /** @type {SessionStore | undefined} */ (undefined);
  #word = process.env[WORD] ?? '';
  /** The person is being asked, and their line is not to be written over. */
  #asking = false;
  /** @type {(code: number) => void} */
  #end = () => {};

  /** @param {ShareOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @param {string} why @returns {number} the exit code */
  fail(why) {
    this.#line.end();
    process.stderr.write(complaint(why));
    return 1;
  }

  /**
   * @param {{ backEnd: import('../../web/src/connection.js').BackEnd, store: SessionStore,
   *   text: string, earlier?: import('./session-store.js').Session }} what
   * @returns {Promise<number>}
   */
  async run({ backEnd, store, text, earlier }) {
    const { file, name, language } = this.#options;
    const fileName = file === '-' ? '' : basename(file);
    const ended = new Promise((/** @type {(code: number) => void} */ resolve) => (this.#end = resolve));
    this.#store = store;
    this.#sharing = new Sharing(backEnd, {
      text,
      name: cleanName(name ?? fileName),
      language: language ?? languageOfFile(fileName).id,
      word: () => this.#word,
      earlier,
      listener: {
        state: (state) => (this.#asking ? undefined : this.#line.show(state)),
        admitted: (session) => this.#admitted(session),
        live: (room) => this.#live(room, backEnd),
        refused: (trouble) => this.#refused(trouble),
        takenOver: (epoch) => this.#takenOver(epoch),
      },
    });
    onSignals({ interrupted: () => this.#finish(), left: (code) => this.#leave(code) });
    this.#sharing.start();
    if (file === '-' && !process.stdin.isTTY) this.#readInput();
    return ended;
  }

  // ---- what is shared ----

  /** @param {import('./file-text.js').Reading} reading */
  read(reading) {
    const name = visibleLine(basename(this.#options.file));
    if ('text' in reading) this.#sharing?.write(reading.text);
    const remark =
      'problem' in reading
        ? `${name} ${reading.problem}: viewers see the text from before`
        : reading.guessed
          ? `${name} is no UTF-8 and is read as Latin-1`
          : '';
    this.#sharing?.remark(remark);
  }

  #readInput() {
    new InputSource(process.stdin, {
      told: (text) => {
        this.#sharing?.write(text);
        if (text.startsWith(LEFT_OUT))
          this.#sharing?.remark('more than a session holds: viewers see the end of it');
      },
      ended: () => {
        if (this.#options.end) this.#finish();
        else this.#sharing?.remark('the input has ended; Ctrl-C ends the session');
      },
    });
  }

  // ---- what the session says ----

  /** @param {string} room @param {import('../../web/src/connection.js').BackEnd} backEnd */
  #live(room, { transport, keepDays }) {
    this.#line.clear();
    const link = viewersLink(this.#options.page, transport, room);
    process.stdout.write(`${link}\n`);
    if (process.stdout.isTTY) process.stdout.write(qrText(link, process.stdout.columns));
    // What was typed on the terminal until now may have been the word.
    if (this.#options.file === '-' && process.stdin.isTTY) this.#readInput();
    if (keepDays > 0)
      this.#line.say(
        `The newest text is kept for ${daysText(keepDays)} and can be read by whoever has the ` +
          'link; with --no-keep it is not kept.',
      );
  }

  /** @param {import('./session-store.js').Session} session */
  async #admitted(session) {
    const problem = await this.#store?.write(session);
    if (problem) this.#line.say(`This session cannot be resumed later: ${problem}`);
  }

  /** @param {import('../../web/src/link.js').Trouble} trouble */
  async #refused(trouble) {
    if (trouble.code !== 'WritersWord') this.#end(this.fail(reasonOf(trouble)));
    else if (process.env[WORD]) this.#end(this.fail(`the word in ${WORD} is not the right one.`));
    else await this.#askWord();
  }

  async #askWord() {
    const again = this.#word !== '';
    this.#line.clear();
    this.#asking = true;
    const word = await askHidden(
      again ? 'That was not the word. The word:' : 'Starting a stream here needs a word:',
    );
    this.#asking = false;
    this.#word = word ?? '';
    if (word === undefined) this.#end(INTERRUPTED);
    else if (word !== '') this.#sharing?.retry();
    else this.#end(this.fail(`starting a stream here needs a word; ${WORD} may hold it.`));
  }

  // ---- the end ----

  /** @param {number} epoch */
  async #takenOver(epoch) {
    await this.#store?.outrank(epoch);
    this.#end(this.fail('this stream goes on elsewhere; --resume takes it back.'));
  }

  async #finish() {
    const told = await this.#sharing?.end();
    if (told) await this.#store?.forget();
    this.#line.end();
    const untold = 'the viewers could not be told that the session has ended; --resume goes on with it.';
    if (told === undefined) this.#end(INTERRUPTED);
    else this.#end(told ? 0 : this.fail(untold));
  }

  /** @param {number} code */
  async #leave(code) {
    await this.#sharing?.leave();
    this.#end(code);
  }
}
