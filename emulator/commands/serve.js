// Serves until Ctrl-C.

import { readFileSync } from 'node:fs';

import { closeOnSignal, fail, readCommandLine } from '../cli.js';
import { startWebPubSub } from '../webpubsub/service.js';
import {
  ALL_SETTINGS, PREFIX, SERVICE_OPTIONS, addresses, explainEverywhere, serviceOptions, startFailure, warn,
  warnings,
} from './service.js';

const ABOUT = `Usage: webpubsub-socketio-emulator [options]
       webpubsub-socketio-emulator token [options]
       webpubsub-socketio-emulator exec [options] -- COMMAND

A local stand-in for Azure Web PubSub for Socket.IO: in serverless mode event handlers get the
events, in default mode (--service-mode default) servers that call useAzureSocketIO. Prints the
connection string for the application, then serves until Ctrl-C. \`token\` prints a client's token,
and \`exec\` runs a command beside the service; each has its own --help.

Options:`;

export const SERVE = {
  about: ABOUT,
  prefix: PREFIX,
  passedOver: ALL_SETTINGS,
  version: JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version,
  options: {
    ...SERVICE_OPTIONS,
    json: { kind: 'flag', help: 'print one line of JSON when it listens, and the log to stderr' },
  },
};

export async function serve(args) {
  const { json, ...values } = readCommandLine(SERVE, args);
  const options = serviceOptions(values, json ? process.stderr : process.stdout);
  try {
    const service = await startWebPubSub(options);
    closeOnSignal(() => service.close());
    const everywhere = explainEverywhere(options, service) ?? [];
    for (const warning of warnings(options, values).concat(everywhere)) warn(options, warning);
    if (json || values.logJson) {
      console.log(JSON.stringify({ ready: true, ...addresses(service) }));
    } else {
      console.log(`Web PubSub for Socket.IO at ${service.endpoint}`);
      console.log(service.connectionString);
    }
  } catch (error) {
    fail(startFailure(error), 1);
  }
}
