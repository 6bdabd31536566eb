#!/usr/bin/env node
// The command line of the stand-in for Azure Web PubSub for Socket.IO.

import { readFileSync } from 'node:fs';

import { closeOnSignal, fail, readCommandLine } from './cli.js';
import { KNOBS } from './webpubsub/options.js';
import { startWebPubSub } from './webpubsub/service.js';

const ABOUT = `Usage: node emulator/webpubsub.js [options]

A local stand-in for Azure Web PubSub for Socket.IO in serverless mode. Prints the connection
string for the application, then serves until Ctrl-C.

Options:`;

const {
  log,
  hub,
  upstream,
  userEvents,
  systemEvents,
  anonymous,
  hubs,
  accessKey,
  identityToken,
  ...options
} = readCommandLine({
  about: ABOUT,
  options: {
    port: { kind: 'count', value: 8080, help: 'where to listen, on the loopback interface' },
    orFree: { kind: 'flag', help: 'take a free port if that one is in use' },
    endpoint: { kind: 'text', help: 'address that tokens name (http://localhost:PORT)' },
    accessKey: { kind: 'text', many: true, help: 'an access key; twice for primary and secondary' },
    identityToken: {
      kind: 'text',
      many: true,
      help: 'a bearer token that REST accepts unread, as from a managed identity',
    },
    hub: { kind: 'text', value: 'codestream', help: 'the hub that the next options are about' },
    upstream: { kind: 'text', help: 'URL template of its event handler: {hub}, {event}' },
    userEvents: { kind: 'text', value: '*', help: 'user events it wants: * or names with commas' },
    systemEvents: {
      kind: 'text',
      value: 'connect,connected,disconnected',
      help: 'system events it wants',
    },
    anonymous: { kind: 'flag', help: 'the hub admits clients without a token' },
    hubs: { kind: 'text', help: 'JSON file with the settings of several hubs instead' },
    log: { kind: 'flag', help: 'one line for each packet, delivery and REST call' },
    ...KNOBS,
  },
});

const oneHub = () => ({
  [hub]: {
    anonymousConnectPolicy: anonymous ? 'allow' : 'deny',
    eventHandlers: upstream
      ? [
          {
            urlTemplate: upstream,
            userEventPattern: userEvents,
            systemEvents: systemEvents.split(',').filter(Boolean),
          },
        ]
      : [],
  },
});

try {
  const service = await startWebPubSub({
    ...options,
    accessKeys: accessKey,
    identityTokens: identityToken,
    hubs: hubs ? JSON.parse(readFileSync(hubs, 'utf8')) : oneHub(),
    log: (line) => {
      if (log || line.startsWith('warn')) console.log(line);
    },
  });
  console.log(`Web PubSub for Socket.IO at ${service.endpoint}`);
  console.log(service.connectionString);
  closeOnSignal(() => service.close());
} catch (error) {
  fail(`cannot start: ${error.message}`, 1);
}
