// Runs a command beside the service: starts, waits, runs, stops, and passes the exit code on.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { fail, readCommandLine } from '../cli.js';
import { startWebPubSub } from '../webpubsub/service.js';
import {
  ALL_SETTINGS, PREFIX, SERVICE_OPTIONS, explainEverywhere, serviceOptions, startFailure, warn, warnings,
} from './service.js';
import { clientOf } from './token.js';

const ABOUT = `Usage: webpubsub-socketio-emulator exec [options] -- COMMAND [ARGUMENT…]

Starts the emulator on a free port, or on --port, runs the command, and ends with its exit code. The
command's environment has WebPubSubConnectionString, WebPubSubForSocketIOConnectionString, and
WEBPUBSUB_CLIENT_URL, the address of a client of the hub with a token for it.

Options:`;

const HANDLERS_MS = 30_000; // for handlers to be validated
const CLIENT_MINUTES = 24 * 60; // for which the client's token is good
const NOT_FOUND = 127; // exit codes of a shell
const NOT_EXECUTABLE = 126;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export async function exec(args) {
  const end = args.indexOf('--');
  if (end < 0 && args.length > 0 && !args[0].startsWith('-')) {
    fail(`the command stands after --: exec -- ${args.join(' ')}`);
  }
  const command = end < 0 ? [] : args.slice(end + 1);
  const { waitForHandlers, ...values } = readCommandLine({
    about: ABOUT,
    prefix: PREFIX,
    passedOver: ALL_SETTINGS,
    options: {
      ...SERVICE_OPTIONS,
      port: { ...SERVICE_OPTIONS.port, value: 0 },
      waitForHandlers: {
        kind: 'flag',
        help: `wait until the event handlers are validated, ${HANDLERS_MS / 1000} s at most`,
      },
    },
  }, end < 0 ? args : args.slice(0, end));
  if (command.length === 0) fail('which command? It stands after --\nTry exec --help.');
  const options = serviceOptions(values, process.stderr); // the output is the command's own
  let service;
  try {
    service = await startWebPubSub(options);
  } catch (error) {
    fail(startFailure(error), 1);
  }
  const tell = (text) => warn(options, text);
  const everywhere = explainEverywhere(options, service) ?? [];
  for (const warning of warnings(options, values).concat(everywhere)) tell(warning);
  const hub = values.hubs ? Object.keys(values.hubs)[0] ?? values.hub : values.hub;
  const code = await run(service, command, { ...values, hub, waitForHandlers, tell });
  await service.close();
  process.exit(code);
}

/** @returns {Promise<number>} the exit code; a signal that comes before the command runs ends it */
async function run(service, command, { waitForHandlers, tell, ...values }) {
  const signals = forward();
  if (waitForHandlers) await Promise.race([awaitHandlers(service, tell), signals.first]);
  const early = signals.given();
  if (early) return codeOf(early);
  const { url } = clientOf({ ...values, minutes: CLIENT_MINUTES }, service.endpoint);
  const env = {
    ...process.env,
    WebPubSubConnectionString: service.connectionString,
    WebPubSubForSocketIOConnectionString: service.connectionString,
    WEBPUBSUB_CLIENT_URL: url,
  };
  return runChild(command, env, signals);
}

/** The command may be what starts them: then there is nothing to wait for, and it runs. */
async function awaitHandlers(service, tell) {
  const late = await service.handlersValidated(HANDLERS_MS);
  for (const url of late) tell(`the event handler ${url} is not validated; going on`);
}

/**
 * Without a terminal the command has a process group of its own, which ends as a whole. At a
 * terminal it stays in the one that Ctrl-C reaches.
 */
function runChild([file, ...args], env, signals) {
  const hasGroup = !process.stdin.isTTY && process.platform !== 'win32';
  const child = spawn(file, args, { env, stdio: 'inherit', detached: hasGroup });
  const kill = (signal) => {
    try {
      if (hasGroup) process.kill(-child.pid, signal);
      else if (signal !== 'SIGINT') child.kill(signal);
    } catch {
      // it has ended
    }
  };
  return new Promise((resolve) => {
    child.on('error', ({ code }) => {
      console.error(`cannot run '${file}': ${code}`);
      resolve(code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE);
    });
    child.on('spawn', () => signals.to(kill));
    child.on('exit', (code, signal) => {
      signals.to(() => {});
      if (hasGroup) kill('SIGKILL'); // what it has left behind
      resolve(code ?? codeOf(signal));
    });
  });
}

const codeOf = (signal) => 128 + constants.signals[signal];

/** Signals go to whom they are meant for, also those that came before it was there. */
function forward() {
  let target;
  let early;
  let tell;
  const first = new Promise((resolve) => (tell = resolve));
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      tell();
      if (target) target(signal);
      else early ??= signal;
    });
  }
  return {
    first,
    given: () => early,
    to(next) {
      target = next;
      if (early) next(early);
      early = undefined;
    },
  };
}
