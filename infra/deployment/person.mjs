// Talks to the person who runs a program of this folder: what is done, what is waited for, what
// went wrong, and questions, which only a terminal is asked. In a dry run what is said becomes a
// comment and commands are printed fit to be pasted, so that the whole is a script.
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { setTimeout as pause } from 'node:timers/promises';

import { Az, azEnvironment, endAll, spawnAz } from './az.mjs';
import { spawnCheck } from './client.mjs';
import { Misuse, StillActive, Stop } from './errors.mjs';
import { PLACES, placesIn } from './places.mjs';
import { shown } from './shown.mjs';

const FIRST_NOTE_MS = 15_000;
const NOTE_MS = 30_000;

export class Person {
  /** At which step we are, and what to do if it fails. */
  step = '';
  hint = '';

  constructor({ input = process.stdin, out = process.stdout, err = process.stderr } = {}) {
    Object.assign(this, { input, out, err, isDryRun: false });
  }

  get isTerminal() {
    return Boolean(this.input.isTTY && this.out.isTTY);
  }

  say(text = '') {
    const mark = this.isDryRun ? '# ' : '';
    this.out.write(
      `${text
        .split('\n')
        .map((line) => `${mark}${line}`.trimEnd())
        .join('\n')}\n`,
    );
  }

  complain(text = '') {
    this.err.write(`${text}\n`);
  }

  begin(step, hint = '') {
    Object.assign(this, { step, hint });
    this.say(step);
  }

  show(words) {
    this.out.write(`${shown(words)}\n`);
  }

  /** The answer that is typed, without spaces around it; '' at the end of the input. */
  async ask(question) {
    // Not as a terminal: Ctrl-C is a signal to us, and no answer.
    const lines = createInterface({ input: this.input, output: this.out, terminal: false });
    try {
      const closed = new Promise((resolve) => {
        lines.once('close', () => resolve(''));
      });
      return (await Promise.race([lines.question(question), closed])).trim();
    } finally {
      lines.close();
    }
  }

  /** Awaits the promise, and says for what and how long when that is long. */
  async during(what, promise, { firstMs = FIRST_NOTE_MS, everyMs = NOTE_MS } = {}) {
    const begun = performance.now();
    let timer;
    const note = () => {
      this.say(`  waiting for ${what} (${Math.round((performance.now() - begun) / 1000)} s)`);
      timer = setTimeout(note, everyMs);
      timer.unref(); // who is waited for keeps us running
    };
    timer = setTimeout(note, firstMs);
    timer.unref();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

// ---- a whole program: its options, its end ----

const EXIT = { failed: 1, misused: 2, active: 3 };
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const NO_WINDOWS = 'Windows itself is not supported: run this in WSL, or in Azure Cloud Shell.';

/**
 * Runs a program to its end and returns its exit code.
 *
 * @param {{ name: string, usage: string, read: (argv: string[], env: object) => object,
 *   body: (d: object) => Promise<void>, goesOn?: string }} program
 *   goesOn: what is said when it stops
 * @param {{ argv: string[], env: object, person: Person, run: Function, clock: object,
 *   check: Function, platform: string, folders: Set<string>, places?: object, onStart?: (az: Az) => void }} world
 */
export async function execute(program, world) {
  const { person, platform, argv, env, run, check, clock, folders } = world;
  const az = new Az(person, { run, clock });
  world.onStart?.(az);
  try {
    if (platform === 'win32') throw new Stop(NO_WINDOWS);
    const options = program.read(argv, env);
    person.isDryRun = Boolean(options.isDryRun);
    const places = options.from ? placesIn(options.from) : (world.places ?? PLACES);
    if (options.help) person.out.write(program.usage);
    else await program.body({ az, person, clock, check, options, folders, places });
    return 0;
  } catch (error) {
    return explain(program, person, az, error);
  }
}

function explain(program, person, az, error) {
  const isOurMistake = error instanceof TypeError || error instanceof ReferenceError;
  const said = az.conceal(isOurMistake ? error.stack : error.message);
  if (error instanceof Misuse || !person.step) {
    person.complain(`${program.name}: ${said}`);
    if (error.hint) person.complain(error.hint);
    if (error instanceof Misuse) {
      person.complain(`Try infra/${program.name} --help`);
      return EXIT.misused;
    }
    return error instanceof StillActive ? EXIT.active : EXIT.failed;
  }
  person.complain(`\n${program.name} stopped at: ${person.step}\n${said}`);
  for (const hint of [error.hint, person.hint]) if (hint) person.complain(hint);
  if (program.goesOn) person.complain(program.goesOn);
  return error instanceof StillActive ? EXIT.active : EXIT.failed;
}

/** The program in the world as it is. `keepsStorage`: az may find an account in the environment. */
export async function main(program, { keepsStorage = false } = {}) {
  const person = new Person();
  const folders = new Set();
  let az;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}); // nobody reads
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      endAll();
      az?.clean();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
      person.complain(
        `\n${program.name}: stopped. What was begun in Azure goes on there: run the same`
          + ' command again,\nand it waits for it.',
      );
      process.exit(128 + constants.signals[signal]);
    });
  }
  process.exitCode = await execute(program, {
    argv: process.argv.slice(2),
    env: process.env,
    platform: process.platform,
    run: spawnAz(azEnvironment(process.env, { keepsStorage })),
    check: spawnCheck(process.env),
    clock: { now: () => performance.now(), today: Date.now, sleep: (ms) => pause(ms) },
    person,
    folders,
    onStart: (made) => {
      az = made;
    },
  });
}
