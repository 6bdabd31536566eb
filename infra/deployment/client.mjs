// The last step of a deployment: two clients use it, in a process of their own (infra/check.mjs), which
// prints a line for each thing that works. It takes no key; the word for writers is in its environment.
import { spawn } from 'node:child_process';

import { Stop } from './errors.mjs';
import { shown } from './shown.mjs';

/** Longer than the check itself goes on trying. */
const CHECK_MS = 4 * 60_000;
const FULL = 4;
const WORD = 'CODESTREAM_WRITERS';
const isReference = (value) => /^@Microsoft\.\w+\(/.test(value ?? '');

/** Runs the check: { code, isLate }; each of its lines goes to onLine. */
export function spawnCheck(outer) {
  return (file, args, own, onLine) =>
    new Promise((resolve) => {
      const env = { ...outer, ...own };
      if (!(WORD in own)) delete env[WORD];
      const stdio = ['ignore', 'pipe', 'pipe'];
      const child = spawn(process.execPath, [file, ...args], { env, stdio });
      const timer = setTimeout(() => child.kill('SIGKILL'), CHECK_MS);
      for (const stream of [child.stdout, child.stderr]) eachLine(stream, onLine);
      child.on('error', (error) => onLine(error.message));
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        resolve({ code, isLate: signal === 'SIGKILL' });
      });
    });
}

function eachLine(stream, onLine) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) onLine(line);
  });
  stream.on('end', () => rest && onLine(rest));
}

/**
 * @param {{ api: string, page: string, settings: Record<string, string> }} deployed
 * @returns {Promise<string>} what was not seen, in words; '' when the change has arrived
 */
export async function checkByClient(d, { api, page, settings }) {
  const { check, doctor } = d.places.commands;
  const command = shown([...check, api]);
  if (d.options.noDoctor) return `whether events arrive (--no-doctor): ${command}`;
  d.person.begin('Check by a client');
  if (d.person.isDryRun) {
    d.person.show([...check, api]);
    return '';
  }
  const word = settings[WORD];
  if (isReference(word)) {
    return `whether events arrive, as the word for writers stands elsewhere:\n    ${WORD}=… ${command}`;
  }
  d.az.hide(word);
  const own = word ? { [WORD]: word } : {};
  const tell = (line) => d.person.say(`  ${d.az.conceal(line)}`);
  const { code, isLate } = await d.check(d.places.check, [api], own, tell);
  if (code === 0) return '';
  if (code === FULL) return `whether events arrive, as the service has no place left: ${command}`;
  throw new Stop(
    isLate ? 'the check has not ended' : 'a client cannot use it, for the reason that is named last',
    `All of it is deployed: ${page}/\nWhat is wrong, and how to put it right (docs/troubleshooting.md): `
      + shown([...doctor, api, '--page', page]),
  );
}
