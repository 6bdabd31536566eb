// Runs the programs of infra/ whole, in this process, against a Cloud: with a clock of its own, a
// terminal or none, faults at chosen commands, and an end at a chosen command that nothing in the
// program can prevent, as SIGKILL is.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';

import { DEPLOY } from '../../../infra/deploy.mjs';
import { execute, Person } from '../../../infra/deployment/person.mjs';
import { PLACES } from '../../../infra/deployment/places.mjs';
import { DESTROY } from '../../../infra/destroy.mjs';
import { UPLOAD } from '../../../infra/upload.mjs';
import { within } from '../deadline.js';
import { Cloud } from './cloud.js';
import { ANSWERS, az } from './recording-az.js';

const PROGRAMS = { deploy: DEPLOY, destroy: DESTROY, upload: UPLOAD };
/** Thousands of folders come and go, which a disk makes slow. */
const FOLDERS = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const RUN_MS = 20_000;
const CALL_MS = 1000;
const PAGE = '<meta content="connect-src %CODESTREAM_CONNECT%"><meta content="%CODESTREAM_API%">'
  + '<meta content="kept %CODESTREAM_KEEP_DAYS%">';

class Clock {
  ms = 0;
  slept = [];
  now() {
    return this.ms;
  }
  today() {
    return this.ms;
  }
  async sleep(ms) {
    this.ms += ms;
    this.slept.push(ms);
  }
}

class Screen extends PassThrough {
  text = '';
  constructor(isTTY) {
    super();
    this.isTTY = isTTY;
    this.on('data', (bytes) => {
      this.text += bytes;
    });
  }
}

export class World {
  /** Begins with nothing, or as another one has ended. */
  constructor({ state, ms = 0 } = {}) {
    this.root = mkdtempSync(join(FOLDERS, 'deploy-test-'));
    this.clock = new Clock();
    this.clock.ms = ms;
    this.cloud = new Cloud(this.clock);
    if (state) this.cloud.state = state;
    /** { match: RegExp, nth?: [first, last], answer: name or object, isDone?: boolean } */
    this.faults = [];
    const file = (name, content) => {
      const path = join(this.root, name);
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, content);
      return path;
    };
    this.places = {
      zip: file('codestream.zip', 'the package'),
      main: file('main.bicep', ''),
      hub: file('hub.bicep', ''),
      check: file('check.cjs', ''),
      page: join(this.root, 'dist'),
      commands: PLACES.commands,
    };
    file('dist/index.html', PAGE);
    file('dist/assets/page-AB.js', gzipSync('1'));
    file('dist/assets/page-AB.css', gzipSync('2'));
    this.temporary = join(this.root, 'tmp');
    mkdirSync(this.temporary);
  }

  /** The check by a client, which has nobody to ask here. */
  async check(file, args, env, onLine) {
    this.checked = { file, args, env };
    for (const line of this.checkSays ?? []) onLine(line);
    return { code: this.checkCode ?? 0 };
  }

  get state() {
    return this.cloud.state;
  }
  /** Of the deployment that is made without --resource-group and --name. */
  get ids() {
    return this.cloud.ids('codestream', 'codestream');
  }
  get settings() {
    return this.cloud.get(`${this.ids.app}/config/appsettings`).properties;
  }
  get cors() {
    return this.cloud.get(`${this.ids.app}/config/web`).properties.cors;
  }
  get origins() {
    return this.cors.allowedOrigins;
  }
  /** The text of the page that has been uploaded. */
  get page() {
    const { name } = this.cloud.get(this.ids.storage);
    return gunzipSync(Buffer.from(this.state.blobs[name]['index.html'][3], 'base64')).toString();
  }
  hub(name) {
    return this.cloud.get(`${this.ids.service}/hubs/${name}`).properties;
  }

  /** The state as it would be compared: without what only says when. */
  snapshot() {
    return JSON.parse(
      JSON.stringify(this.state, (key, value) =>
        ['timestamp', 'until', 'values'].includes(key)
          ? undefined
          : key === 'id' && /^package at/.test(value)
            ? 'a package'
            : value,
      ),
    );
  }

  /**
   * @param {string} program
   * @param {string[]} argv
   * @param {{ env?: object, typed?: string, killAt?: number, isDone?: boolean, platform?: string }}
   *   options  typed: what a person at a terminal types; killAt: at which command the program ends;
   *   isDone: whether that command still takes effect
   */
  async run(
    program,
    argv = [],
    { env = {}, typed, killAt, isDone = false, platform = 'linux' } = {},
  ) {
    const isTerminal = typed !== undefined;
    const [input, out, err] = [new PassThrough(), new Screen(isTerminal), new Screen(isTerminal)];
    input.isTTY = isTerminal;
    if (isTerminal) input.end(typed);
    const calls = [];
    const counts = new Map();
    let kill;
    const killed = new Promise((resolve) => {
      kill = () => resolve('killed');
    });
    const answer = async (args) => {
      calls.push(args.join(' '));
      this.clock.ms += CALL_MS;
      if (calls.length === killAt) {
        if (isDone) az(this.cloud, args);
        kill();
        return new Promise(() => {});
      }
      const fault = this.faults.find((one) => this.#isDue(one, args.join(' '), counts));
      if (!fault) return az(this.cloud, args);
      if (fault.isDone) az(this.cloud, args);
      const given = typeof fault.answer === 'string' ? ANSWERS[fault.answer] : fault.answer;
      if (!given) throw new Error(`no answer ${fault.answer}`);
      return { stdout: '', stderr: '', code: 0, ...given };
    };
    const before = process.env.TMPDIR;
    process.env.TMPDIR = this.temporary;
    try {
      const ended = execute(PROGRAMS[program], {
        argv,
        env,
        platform,
        run: answer,
        check: (...given) => this.check(...given),
        clock: this.clock,
        person: new Person({ input, out, err }),
        folders: new Set(),
        places: this.places,
      });
      const code = await within(
        RUN_MS,
        Promise.race([ended, killed]),
        `${program} ${argv.join(' ')}`,
      );
      const left = readdirSync(this.temporary);
      return { code, calls, out: out.text, err: err.text, left };
    } finally {
      process.env.TMPDIR = before;
      if (before === undefined) delete process.env.TMPDIR;
      for (const name of readdirSync(this.temporary)) {
        rmSync(join(this.temporary, name), { recursive: true });
      }
    }
  }

  #isDue({ match, nth = [1, Infinity] }, line, counts) {
    if (!match.test(line)) return false;
    counts.set(match, (counts.get(match) ?? 0) + 1);
    return counts.get(match) >= nth[0] && counts.get(match) <= nth[1];
  }

  close() {
    rmSync(this.root, { recursive: true, force: true });
  }
}
