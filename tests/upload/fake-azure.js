// An Azure of the size of one folder, for the tests of infra/*.sh: `az`, `curl` and `sleep` on a
// PATH of their own that remember every call, check its arguments as strictly as az does, and
// change a small state (cloud.json) as the real ones would. Also runs the scripts against it, on a
// copy of infra/ with a small page of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import {
  chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { PATIENCE } from '../lib/deadline.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const SCRIPT_MS = 15_000;
const SUFFIX = 'abcdefghijklm';
const SERVICE_ID = '/of/the/service';
const COMMON = ['--output', '--query', '--only-show-errors'];
const FLAGS = ['--only-show-errors', '--no-progress', '--yes'];
const SEVERAL = ['--parameters', '--tags'];

/** The tools of a plain system that the scripts may use; nothing else is on their PATH. */
const TOOLS = ['cat', 'date', 'dirname', 'env', 'grep', 'mktemp', 'od', 'rm', 'sed', 'tr'];

// ---- what az can do: needed options, optional ones, and what the call does and prints ----

const COMMANDS = {
  version: [[], [], (state) => state.version],
  'account show': [[], [], (state) => {
    if (!state.signedIn) throw new Error("Please run 'az login' to setup account.");
    return 'Pay as you type';
  }],
  'group exists': [['--name'], [], (state, { name }) => String(name in state.groups)],
  'group create': [['--name', '--location'], ['--tags'], (state, { name, location, tags = [] }) => {
    state.groups[name] = { location, tags: Object.fromEntries(tags.map((tag) => tag.split('='))) };
  }],
  'group show': [['--name'], [], (state, { name }) => state.groups[name].tags.application ?? ''],
  'group delete': [['--name', '--yes'], [], (state, { name }) => { delete state.groups[name]; }],
  'resource list': [['--resource-group'], ['--resource-type'], (state, options) => (
    options['resource-type'] ? state.service && SERVICE_ID : 'Microsoft.Web/sites\tcodestream-x')],
  'resource show': [['--ids'], [], (state, { ids, query }) => {
    if (ids !== SERVICE_ID) throw new Error(`(ResourceNotFound) ${ids}`);
    return state.service[query];
  }],
  'functionapp list': [['--resource-group'], [], (state) => state.app ?? ''],
  'functionapp config appsettings list': [['--resource-group', '--name'], [],
    (state, { query }) => (query.startsWith("[?name=='CODESTREAM_SECRET']") ? state.secret
      : JSON.stringify(Object.entries(state.settings).map(([name, value]) => ({ name, value }))))],
  'functionapp cors show': [['--resource-group', '--name'], [], (state) => (
    state.origins && JSON.stringify(state.origins))],
  'functionapp deployment source config-zip': [['--resource-group', '--name', '--src'], [],
    (state, { src }) => { state.package = readFileSync(src, 'utf8'); }],
  'deployment group create': [
    ['--resource-group', '--name', '--template-file', '--parameters'], [], deployTemplate],
  'storage blob service-properties update': [['--static-website', '--index-document'], [],
    (state, options) => {
      state.website = [options['static-website'], options['index-document']];
    }],
  'storage blob upload-batch': [
    ['--destination', '--source', '--overwrite', '--content-type', '--content-cache-control'],
    ['--content-encoding', '--no-progress'], uploadFolder],
  'storage blob list': [['--container-name', '--num-results'], [], (state) => (
    Object.keys(state.blobs).join('\n'))],
  'storage blob delete': [['--container-name', '--name'], [], (state, { name }) => {
    if (!(name in state.blobs)) throw new Error(`The specified blob does not exist: ${name}`);
    delete state.blobs[name];
  }],
};

function deployTemplate(state, options) {
  const values = {};
  for (const parameter of options.parameters) {
    if (parameter.startsWith('@')) {
      const file = parameter.slice(1);
      const { parameters } = JSON.parse(readFileSync(file, 'utf8'));
      for (const [name, { value }] of Object.entries(parameters)) values[name] = value;
      state.secretFileMode = (statSync(file).mode & 0o777).toString(8);
    } else {
      const [, name, value] = /^(\w+)=(.*)$/s.exec(parameter);
      values[name] = value;
    }
  }
  if (!statSync(options['template-file']).isFile()) throw new Error('no such template');
  state.deployments[basename(options['template-file'])] = values;
  if (options.name === 'codestream-hub') return '';
  state.app = `${values.name}-${SUFFIX}`;
  state.secret = values.secret;
  state.service = { 'sku.name': values.sku, 'sku.capacity': values.units,
    'properties.disableLocalAuth || `false`': values.identity };
  state.origins = [...new Set(['https://page.example', ...values.kept.origins,
    ...JSON.parse(values.origins)])];
  const kept = values.kept.settings.map(({ name, value }) => [name, value]);
  state.settings = { ...Object.fromEntries(kept), ...JSON.parse(values.extraSettings),
    CODESTREAM_HUB: 'codestream' };
  return [state.app, `https://${state.app}.example`, `wps-${SUFFIX}`, 'https://wps.example',
    `${values.name}${SUFFIX}`, 'https://page.example', 'codestream'].join('\n');
}

function uploadFolder(state, options) {
  for (const name of filesIn(options.source)) {
    state.blobs[name] = [options['content-type'], options['content-encoding'] ?? '',
      options['content-cache-control']];
    if (name === 'index.html') state.page = readFileSync(join(options.source, name), 'utf8');
  }
}

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory()
    ? filesIn(join(folder, entry.name)).map((name) => `${entry.name}/${name}`) : [entry.name]));
}

// ---- one call ----

function parse(args) {
  const first = args.findIndex((arg) => arg.startsWith('-'));
  const command = args.slice(0, first < 0 ? args.length : first).join(' ');
  if (!COMMANDS[command]) throw new Error(`'${command}' is misspelled or not recognized.`);
  const [needed, optional] = COMMANDS[command];
  const options = {};
  for (let at = first; at >= 0 && at < args.length;) {
    const option = args[at++];
    if (![...needed, ...optional, ...COMMON].includes(option)) {
      throw new Error(`unrecognized arguments: ${option}`);
    }
    const values = [];
    while (at < args.length && !args[at].startsWith('--')) values.push(args[at++]);
    const count = FLAGS.includes(option) ? 0 : 1;
    if (SEVERAL.includes(option) ? values.length < 1 : values.length !== count) {
      throw new Error(`${option}: ${values.length} values`);
    }
    const name = option.slice(2);
    if (SEVERAL.includes(option)) options[name] = [...options[name] ?? [], ...values];
    else options[name] = values[0] ?? true;
  }
  const missing = needed.filter((option) => !(option.slice(2) in options));
  if (missing.length) throw new Error(`the following arguments are required: ${missing}`);
  return { command, options };
}

function az(args, state) {
  const { command, options } = parse(args);
  const troubled = Object.keys(state.trouble).find((start) => args.join(' ').startsWith(start));
  if (troubled && state.trouble[troubled] > 0) {
    state.trouble[troubled] -= 1;
    throw new Error(`trouble with ${troubled}`);
  }
  const printed = COMMANDS[command][2](state, options);
  return options.output === 'none' || !printed ? '' : `${printed}\n`;
}

/** Prints a token unless the body is thrown away, so that a test sees when it is not. */
function curl(args, state) {
  const status = state.answers.length > 1 ? state.answers.shift() : state.answers[0];
  const body = args.join(' ').includes('--output /dev/null') ? '' : '{"token":"LEAKED-TOKEN"}';
  if (status === 0) throw new Error('curl: (7) could not connect');
  return `${body}${status}`;
}

function act(program, args) {
  const file = process.env.FAKE_AZURE_STATE;
  const state = JSON.parse(readFileSync(file, 'utf8'));
  const storage = Object.fromEntries(Object.entries(process.env)
    .filter(([name]) => name.startsWith('AZURE_STORAGE_')));
  appendFileSync(`${file}.calls`, `${JSON.stringify({ program, args, storage })}\n`);
  try {
    process.stdout.write({ az, curl }[program](args, state));
  } catch (error) {
    process.stderr.write(`ERROR: ${error.message}\n`);
    process.exitCode = 1;
  }
  writeFileSync(file, JSON.stringify(state));
}

// ---- for the tests ----

const PAGE = '<meta content="connect-src %CODESTREAM_CONNECT%">'
  + '<meta content="%CODESTREAM_API%">';

export class FakeAzure {
  /** A fresh subscription, a copy of infra/, a page and a package. `close` removes all of it. */
  static async start() {
    const azure = new FakeAzure();
    azure.home = await mkdtemp(join(tmpdir(), 'fake-azure-'));
    azure.bin = join(azure.home, 'bin');
    azure.temporary = join(azure.home, 'tmp');
    azure.root = join(azure.home, 'project');
    azure.state = { version: '2.60.0', signedIn: true, groups: {}, app: null, secret: null,
      service: null, settings: {}, origins: null, blobs: {}, deployments: {}, trouble: {}, answers: [200] };
    for (const folder of [azure.bin, azure.temporary, join(azure.root, 'web/dist/assets'),
      join(azure.root, 'build')]) await mkdir(folder, { recursive: true });
    await cp(join(ROOT, 'infra'), join(azure.root, 'infra'), { recursive: true });
    await cp(join(ROOT, 'web/site.mjs'), join(azure.root, 'web/site.mjs'));
    await azure.write('web/dist/index.html', PAGE);
    await azure.write('web/dist/assets/page-AB.js', gzipSync('1'));
    await azure.write('web/dist/assets/page-AB.css', gzipSync('2'));
    await azure.write('build/codestream.zip', 'the package');
    await azure.#fillPath();
    return azure;
  }

  async #fillPath() {
    for (const tool of TOOLS) {
      const folder = process.env.PATH.split(delimiter).find((place) => {
        try { return statSync(join(place, tool)).isFile(); } catch { return false; }
      });
      await symlink(join(folder, tool), join(this.bin, tool));
    }
    await symlink(process.execPath, join(this.bin, 'node'));
    const self = fileURLToPath(import.meta.url);
    for (const program of ['az', 'curl']) {
      await this.#install(program, `exec node '${self}' ${program} "$@"`);
    }
    await this.#install('sleep', `printf '{"program":"sleep","args":["%s"]}\\n' "$1"`
      + ' >>"$FAKE_AZURE_STATE.calls"');
  }

  async #install(program, script) {
    const path = join(this.bin, program);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  }

  write(path, contents) {
    return writeFile(join(this.root, path), contents);
  }

  async remove(path) {
    await rm(join(this.root, path));
  }

  /** Takes programs off the PATH. */
  async uninstall(...programs) {
    for (const program of programs) await rm(join(this.bin, program));
  }

  /** Runs infra/SCRIPT and returns { code, stdout, stderr, calls, left (files left in TMPDIR) }. */
  async run(script, args = [], { env = {}, input = '' } = {}) {
    const file = join(this.home, 'cloud.json');
    await writeFile(file, JSON.stringify(this.state));
    await writeFile(`${file}.calls`, '');
    const child = spawn(join(this.root, 'infra', script), args, {
      cwd: this.home,
      env: { PATH: this.bin, TMPDIR: this.temporary, FAKE_AZURE_STATE: file, ...env },
    });
    const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE * SCRIPT_MS);
    const result = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => { result[name] += text; });
    }
    // A script that ends before it reads is no fault.
    child.stdin.on('error', () => {}).end(input);
    const [code, signal] = await once(child, 'close');
    clearTimeout(late);
    this.state = JSON.parse(await readFile(file, 'utf8'));
    const lines = (await readFile(`${file}.calls`, 'utf8')).split('\n').filter(Boolean);
    return { ...result, code: code ?? signal, calls: lines.map((line) => JSON.parse(line)),
      left: await readdir(this.temporary) };
  }

  close() {
    return rm(this.home, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  act(process.argv[2], process.argv.slice(3));
}
