#!/usr/bin/env node
// Does what two people do with a deployment, and prints a line for each thing that works. It needs no
// key; `make package` makes one file of it, build/check.cjs, which needs no package of npm.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { Failure, useRoom } from './doctor/room.mjs';
import { quoteWithout, readCertificates } from './doctor/settings.mjs';

const USAGE = `usage: node infra/check.mjs URL [--within SECONDS]

Opens a room at the function app at URL, connects two clients, and looks whether a change of one is seen
by the other. A deployment that is some seconds old may not be able to: it is tried again, for 90 seconds
at most, or for SECONDS. The environment has CODESTREAM_WRITERS, if there is a word for writers, and
CODESTREAM_CA_FILE, if certificates are of an authority of your own.

Exit status: 0 the change has arrived, 1 it has not, 2 wrong options, 4 the service is full, so that
nothing could be seen.
`;
const EXIT = { arrived: 0, failed: 1, misused: 2, full: 4 };
const WITHIN_S = 90;
const PAUSE_MS = 5000;

function readArguments([app, option, seconds = String(WITHIN_S), ...more]) {
  const isRight =
    /^https?:\/\/[^?#@\s]+$/.test(app)
    && (option === undefined || option === '--within')
    && /^\d{1,4}$/.test(seconds)
    && more.length === 0;
  return isRight ? { app: app.replace(/\/+$/, ''), withinMs: 1000 * Number(seconds) } : undefined;
}

/** A line for each thing that works, once; tries again what may pass. */
async function run({ app, withinMs }, env) {
  const word = env.CODESTREAM_WRITERS || undefined;
  const d = { app, word, certificates: readCertificates(env, readFile), quote: quoteWithout([word]) };
  const told = new Set();
  const tell = (step) => {
    const [name] = step.split(' (');
    if (!told.has(name)) console.log(`ok    ${step}`);
    told.add(name);
  };
  for (const end = performance.now() + withinMs; ;) {
    try {
      await useRoom(d, tell);
      return EXIT.arrived;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const isLast = error.isFull || performance.now() + PAUSE_MS > end;
      console.log(`${error.isFull ? '-    ' : isLast ? 'FAIL ' : '     not yet:'} ${error.message}`);
      if (isLast) return error.isFull ? EXIT.full : EXIT.failed;
      await pause(PAUSE_MS);
    }
  }
}

const readFile = (path) => readFileSync(path, 'utf8');
const given = readArguments(process.argv.slice(2));
if (!given) {
  process.stderr.write(USAGE);
  process.exitCode = EXIT.misused;
} else {
  run(given, process.env).then((code) => {
    process.exitCode = code;
    // A connection that does not close keeps nobody waiting.
    setTimeout(() => process.exit(), 2000).unref();
  });
}
