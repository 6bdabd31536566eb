#!/usr/bin/env node
// Does what two people do with a deployment, and prints a line for each thing that works. It needs no
// key; `make package` makes one file of it, build/check.cjs, which needs no package of npm.
import { changeArrives, EXIT } from './doctor/arrival.mjs';

const USAGE = `usage: node build/check.cjs URL [--within SECONDS]

Opens a room at the function app at URL, connects two clients, and looks whether a change of one is seen
by the other. A deployment that is some seconds old may not be able to: it is tried again, for 90 seconds
at most, or for SECONDS. The environment has CODESTREAM_WRITERS, if there is a word for writers, and
CODESTREAM_CA_FILE, if certificates are of an authority of your own.

Exit status: 0 the change has arrived, 1 it has not, 2 wrong options, 4 the service is full, so that
nothing could be seen.
`;
const WITHIN_S = 90;

function readArguments([app, option, seconds = String(WITHIN_S), ...more]) {
  const isRight =
    /^https?:\/\/[^?#@\s]+$/.test(app)
    && (option === undefined || option === '--within')
    && /^\d{1,4}$/.test(seconds)
    && more.length === 0;
  return isRight ? { app: app.replace(/\/+$/, ''), withinMs: 1000 * Number(seconds) } : undefined;
}

const given = readArguments(process.argv.slice(2));
if (process.argv[2] === '--help') {
  process.stdout.write(USAGE);
} else if (!given) {
  process.stderr.write(USAGE);
  process.exitCode = EXIT.misused;
} else {
  changeArrives(given, process.env, (line) => console.log(line)).then((code) => {
    process.exitCode = code;
    // A connection that does not close keeps nobody waiting.
    setTimeout(() => process.exit(), 2000).unref();
  });
}
