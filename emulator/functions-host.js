#!/usr/bin/env node
// The command line of the stand-in for the Azure Functions host.

import { closeOnSignal, fail, readCommandLine } from './cli.js';
import { startFunctionsHost } from './functions-host/host.js';

const ABOUT = `Usage: node emulator/functions-host.js [options]

A local stand-in for the Azure Functions host with a custom handler, as \`func start\` runs it.
Reads host.json, function.json and local.settings.json and starts the handler.

Options:`;

const { cors, functionKey = [], ...options } = readCommandLine({
  about: ABOUT,
  options: {
    appRoot: { kind: 'text', value: '.', help: 'folder with host.json' },
    port: {
      kind: 'count',
      help: 'where to listen (LocalHttpPort of local.settings.json, or 7071)',
    },
    orFree: { kind: 'flag', help: 'take a free port if that one is in use' },
    mode: {
      kind: ['auto', 'forward', 'proxy', 'payload'],
      value: 'auto',
      help: 'how the handler is invoked; auto: as host.json says, forwarding before proxying',
    },
    generation: {
      kind: ['new', 'old'],
      help: 'of the host: which exits of the handler count; new: auto prefers proxying',
    },
    platformCors: { kind: 'flag', help: 'answer every preflight, as Flex Consumption does' },
    patient: {
      kind: 'flag',
      help: 'when the handler cannot start, let requests hang; ignore SIGTERM: as the real host',
    },
    stopMs: {
      kind: 'ms',
      value: 0,
      help: 'between SIGTERM and SIGKILL at the end, as the platform does; 0: SIGKILL, as the host',
    },
    cors: { kind: 'text', help: 'allowed origins, separated by commas' },
    executable: { kind: 'text', help: "start this program instead of host.json's" },
    key: { kind: 'text', help: "the host's key, for all functions; without any key none is needed" },
    masterKey: { kind: 'text', help: 'the key that opens everything, also functions of level admin' },
    functionKey: { kind: 'text', many: true, help: 'FUNCTION=KEY, the key of one function' },
  },
});

const functionKeys = Object.fromEntries(
  functionKey.map((text) => /^([^=]+)=(.+)$/.exec(text)?.slice(1) ?? fail(`no FUNCTION=KEY: ${text}`)),
);

let host;
closeOnSignal(() => host?.close());
if (options.patient) {
  process.removeAllListeners('SIGTERM');
  process.on('SIGTERM', () => console.log('warning: SIGTERM changes nothing, as with the real host'));
}
try {
  host = await startFunctionsHost({
    ...options, functionKeys, cors: cors?.split(','), log: console.log,
  });
  console.log(`Functions host at ${host.url}`);
  fail(`stopped: ${await host.stopped}`, 1);
} catch (error) {
  fail(`cannot start: ${error.message}`, 1);
}
