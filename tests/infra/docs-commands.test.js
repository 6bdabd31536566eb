// The commands in the docs can be typed: each target of make is there, each of its variables is read, each
// option is taken by the program that it is given to, and each script and file is there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { commandsOf, inlineOf, PAGES, read } from '../lib/docs.js';
import { BINARY, ROOT } from '../lib/handler.js';
import { test } from '../lib/test.js';

const execute = promisify(execFile);

const MAKEFILES = ['Makefile', 'packaging/package.mk', 'bench/bench.mk', 'tests/fuzz/fuzz.mk'];
const WORKFLOW = '.github/workflows/test.yml';

/** What make is told in a line of commands: `A=1 make B=2 target` is ['A=1', 'B=2', 'target']. */
function toldTo(command) {
  return command.split(/&&|;|\||2>&1|,? and /).flatMap((part) => {
    const [, before, words] = /^\s*((?:[A-Z_]+=\S+ +)*)make\b(.*)$/.exec(part) ?? [];
    if (words === undefined) return [];
    // A quoted value may have blanks in it; what begins with - is an option of make itself.
    return (before + words).match(/[A-Z_]+='[^']*'|\S+/g)?.filter((word) => !word.startsWith('-')) ?? [];
  });
}

/** All that make is told in pages, in the header of the Makefile and in the workflow, with where. */
const TOLD = [
  ...PAGES.map((page) => [page, commandsOf(page)]),
  ['Makefile', [...read('Makefile').split('\n\n')[0].matchAll(/^# {3,}(make .*?)(?: {2,}.*)?$/gm)].flatMap(([, line]) => line.split(/[,;:] /))],
  [WORKFLOW, [...read(WORKFLOW).matchAll(/run: (.*)$/gm)].map(([, line]) => line)],
].flatMap(([where, commands]) => commands.flatMap((command) => toldTo(command).map((word) => ({ where, word }))));

/** As make itself knows them; what it never has to make stands behind a comment that says so. */
async function rulesOfMake() {
  const { stdout } = await execute('make', ['--print-data-base', '--question', '--no-builtin-rules', 'help'], {
    cwd: ROOT, maxBuffer: 2 ** 26 }).catch((error) => error);
  const rules = stdout.replaceAll(/^# Not a target:\n.*$/gm, '').matchAll(/^([^\s#:=][^:=]*):(?![:=])/gm);
  return [...rules].flatMap(([, names]) => names.split(' ')).map((name) =>
    new RegExp(`^${name.replace(/[.+$()[\]]/g, '\\$&').replace('%', '.+')}$`));
}

test('every target of make that the docs name is there', async () => {
  const targets = TOLD.filter(({ word }) => !word.includes('='));
  assert.ok(targets.length > 100, `${targets.length}`);
  const rules = await rulesOfMake();
  // The application that a reader writes has none until then.
  const faults = targets.filter(({ word }) => !rules.some((rule) => rule.test(word)) && !word.includes('hello'));
  assert.deepEqual(faults, []);
});

test('every variable that the docs give to make is read', () => {
  const makefiles = MAKEFILES.map(read).join('\n');
  const names = TOLD.filter(({ word }) => word.includes('=')).map(({ where, word }) => ({ where, name: word.split('=')[0] }));
  assert.ok(names.length > 20, `${names.length}`);
  // The handler's own settings reach what `make run` starts.
  const faults = names.filter(({ name }) => !name.startsWith('CODESTREAM_') && !new RegExp(`\\b${name}\\b`).test(makefiles));
  assert.deepEqual(faults, []);
});

test('make hands on to the programs of the bench what it was told, and no variable of its own', async () => {
  const names = [...read('bench/bench.mk').matchAll(/^export (.*)$/gm)].flatMap(([, line]) => line.split(' '));
  assert.ok(names.includes('UNITS') && names.includes('CLIENTS'), names.join());
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  const args = ['--silent', '--eval', 'exported: ; @env', 'exported'];
  const { stdout } = await execute('make', args, { cwd: ROOT, env });
  for (const name of names) assert.doesNotMatch(stdout, new RegExp(`^${name}=.`, 'm'));
  const told = await execute('make', [...args, 'UNITS=7'], { cwd: ROOT, env });
  assert.match(told.stdout, /^UNITS=7$/m);
});

/** How the docs call each program, and how it is asked for its options. */
const PROGRAMS = {
  'deploy.mjs': ['infra/deploy.mjs'],
  'destroy.mjs': ['infra/destroy.mjs'],
  'upload.mjs': ['infra/upload.mjs'],
  'doctor.mjs': ['infra/doctor.mjs'],
  'check.cjs': ['infra/check.mjs'],
  'webpubsub.js': ['emulator/webpubsub.js'],
  'webpubsub-socketio-emulator': ['emulator/webpubsub.js'],
  'webpubsub-socketio-emulator token': ['emulator/webpubsub.js', 'token'],
  'webpubsub-socketio-emulator exec': ['emulator/webpubsub.js', 'exec'],
  'functions-host.js': ['emulator/functions-host.js'],
  'website.js': ['emulator/website.js'],
  'local.js': ['emulator/local.js'],
  'codestream-share': ['share/dist/codestream-share.cjs'],
  'codestream': [],
};

/** Options of other people's programs, of which the docs speak by themselves. */
const OTHERS = ['--publish-local-settings', '--cors', '--rate'];

const HELP = Object.fromEntries(await Promise.all(Object.entries(PROGRAMS).map(async ([name, [file, ...words]]) => {
  const [program, args] = file ? [process.execPath, [path.join(ROOT, file), ...words]] : [BINARY, []];
  const { stdout } = await execute(program, [...args, '--help'], { cwd: ROOT });
  return [name, stdout];
})));

const optionsIn = (text) => [...text.matchAll(/(?<=^|[\s[(|])--[a-z][a-z-]*/g)].map(([option]) => option);

/** Boolean options, which help shows as --no-NAME or by a line of their own, can be turned off. */
const takes = (help, option) => optionsIn(help).some((one) => one === option || one === option.replace('--no-', '--'));

test('every option that the docs give to a program is one of its own', () => {
  const names = Object.keys(PROGRAMS).sort((a, b) => b.length - a.length).join('|').replaceAll('.', '\\.');
  const CALLED = new RegExp(`^(?:\\w+=\\S+ )*(?:\\$ |node |npx )?(?:\\S*/)?(${names})(?= |$)(.*)`);
  let count = 0;
  const faults = PAGES.flatMap((page) => commandsOf(page).flatMap((line) => line.split(/&&|\|| -- /)).flatMap((part) => {
    const [, name, rest] = CALLED.exec(part.trim().replace(/\s&$/, '')) ?? [];
    return optionsIn(rest ?? '').flatMap((option) => {
      count += 1;
      return takes(HELP[name], option) ? [] : [`${page}: ${name} ${option}`];
    });
  }));
  assert.ok(count > 40, `${count}`);
  assert.deepEqual(faults, []);
});

test('every option of which the docs speak by itself is one of some program of ours', () => {
  const helps = Object.values(HELP).join('\n');
  const options = PAGES.flatMap((page) => inlineOf(page).filter((code) => code.startsWith('--'))
    .flatMap((code) => optionsIn(code).map((option) => ({ page, option }))));
  assert.ok(options.length > 150, `${options.length}`);
  assert.deepEqual(options.filter(({ option }) => !takes(helps, option) && !OTHERS.includes(option)), []);
});

test('every script of npm, and every program of the repository, that the docs have one run is there', () => {
  const faults = PAGES.flatMap((page) => commandsOf(page).flatMap((command) => {
    const folder = path.dirname(page);
    const found = [];
    for (const [, script] of command.matchAll(/^npm (?:run )?(test|(?<=run )[\w-]+)/g)) {
      if (!JSON.parse(read(path.join(folder, 'package.json'))).scripts?.[script]) found.push(`npm run ${script}`);
    }
    const [, file] = /^(?:[A-Z_]+=\S+ )*(?:node )?((?:\.\.\/)*(?:infra|emulator|bench|web|tests|share)\/[\w./-]+\.[cm]?js)\b/.exec(command) ?? [];
    if (file && ![folder, ''].some((from) => existsSync(path.join(ROOT, from, file)))) found.push(file);
    return found.map((what) => `${page}: ${what}`);
  }));
  assert.deepEqual(faults, []);
});
