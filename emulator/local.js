#!/usr/bin/env node
// The whole of Codestream on one machine: Web PubSub, the Functions host with the handler, and the
// website. This is what `make run` starts.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { closeOnSignal, readCommandLine } from './cli.js';
import { readApp } from './functions-host/config.js';
import { findFunc, startCoreTools } from './functions-host/core-tools.js';
import { startFunctionsHost } from './functions-host/host.js';
import { choosePort } from './listen.js';
import { startWebPubSub } from './webpubsub/service.js';
import { startContainer } from './website/container.js';
import { startWebsite } from './website/website.js';

const REPOSITORY = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** What the page says: kept texts end with this program. */
const KEEP_DAYS = 1;

const ABOUT = `Usage: node emulator/local.js [options]

Runs Codestream on this machine: Web PubSub, the Functions host with the handler, the website.
Takes free ports where the usual ones are in use. Ctrl-C ends all of it.

Options:`;

const options = readCommandLine({
  about: ABOUT,
  options: {
    root: { kind: 'text', value: REPOSITORY, help: 'folder with host.json and web/dist' },
    pagePort: { kind: 'count', value: 3000, help: 'port of the website' },
    servicePort: { kind: 'count', value: 8080, help: 'port of Web PubSub' },
    functionsPort: { kind: 'count', value: 7071, help: 'port of the Functions host' },
    func: {
      kind: 'flag',
      value: true,
      help: 'use func instead of the stand-in if it is installed',
    },
    app: { kind: 'text', help: 'another application, a folder such as examples/chat' },
    executable: { kind: 'text', help: 'the handler instead of ./codestream' },
    log: { kind: 'flag', help: 'one line for each packet, delivery and REST call' },
  },
});

const root = path.resolve(options.root);
const executable = options.executable ??
  (options.app && path.join(root, 'build', path.basename(options.app), 'codestream'));
const started = []; // closed in this order: the service's last events still find the handler

async function closeAll() {
  for (const part of started.splice(0)) await part.close();
}

closeOnSignal(closeAll, { withParent: true });
process.on('uncaughtException', (error) => giveUp(error.stack));

/** One part has stopped: says so and ends the rest. */
async function giveUp(reason) {
  console.error(`\n${reason}\nStopping.`);
  await closeAll();
  process.exit(1);
}

try {
  await start();
} catch (error) {
  await giveUp(`cannot start: ${error.message}`);
}

async function start() {
  const app = readApp(root);
  const hub = process.env.CODESTREAM_HUB ?? app.values.CODESTREAM_HUB ?? 'codestream';
  const pagePort = await choosePort(options.pagePort);
  const functionsPort = await choosePort(options.functionsPort);
  const service = await startService();
  const container = await startContainer();
  const host = await startHost(service, container, functionsPort, pagePort);
  started.push(container);
  const prefix = app.routePrefix && `${app.routePrefix}/`;
  service.setEventHandlers(hub, [
    {
      urlTemplate: `${host.url}/${prefix}eventhandler`,
      userEventPattern: '*',
      systemEvents: ['connect', 'connected', 'disconnected'],
    },
  ]);
  const api = `http://localhost:${functionsPort}`;
  const site = await startPage(pagePort, `${api}/${prefix}`, service);
  host.stopped.then((reason) => giveUp(`The Functions host has stopped: ${reason}`));
  tell({ site, api: `${api}/${prefix}negotiate`, service, hub, functionsPort });
}

/** Other applications may need a state that the service keeps (docs/writing-an-app.md). */
async function startService() {
  const service = await startWebPubSub({
    connectionState: options.app !== undefined,
    port: options.servicePort,
    orFree: true,
    logLevel: options.log ? 'all' : 'warnings',
    log: (line) => {
      if (options.log || line.startsWith('warn')) console.log(`service    ${line}`);
    },
  });
  started.push(service);
  return service;
}

async function startHost(service, container, port, pagePort) {
  const func = options.func && findFunc();
  const setup = {
    appRoot: root,
    port,
    cors: [`http://localhost:${pagePort}`, `http://127.0.0.1:${pagePort}`],
    env: {
      WebPubSubForSocketIOConnectionString: service.connectionString,
      ...container.env,
    },
    log: (line) => console.log(`functions  ${line}`),
  };
  const own = executable ?? process.env.CODESTREAM_BIN ?? path.join(root, 'codestream');
  if (!existsSync(own)) throw new Error(`${own} is not there: build it first (make)`);
  const start = func
    ? startCoreTools({ ...setup, func })
    : startFunctionsHost({ ...setup, executable });
  const host = await start;
  started.push(host);
  return host;
}

/** An application without a page of its own is served with Codestream's. */
async function startPage(port, api, service) {
  const own = options.app && path.join(root, options.app, 'page', 'dist');
  const page = own && existsSync(own) ? own : path.join(root, 'web', 'dist');
  const addresses = { api, service: service.endpoint, keepDays: KEEP_DAYS };
  const site = await startWebsite({ root: page, port, ...addresses });
  started.push(site);
  return site;
}

function tell({ site, api, service, hub, functionsPort }) {
  const moved = [
    ['The website', options.pagePort, site.port],
    ['Web PubSub', options.servicePort, service.port],
    ['The Functions host', options.functionsPort, functionsPort],
  ];
  for (const [what, wanted, got] of moved) {
    if (wanted === 0 || wanted === got) continue;
    console.log(`${what} is on port ${got}: ${wanted} is in use.`);
  }
  console.log(`
  negotiate   ${api}
  Web PubSub  ${service.endpoint} (hub ${hub})

  Open the page:  ${site.url}

Ctrl-C ends all of it.`);
}
