#!/usr/bin/env node
// The command line of the stand-in for the static website of a storage account.

import { closeOnSignal, fail, readCommandLine } from './cli.js';
import { startWebsite } from './website/website.js';

const ABOUT = `Usage: node emulator/website.js [options]

Serves the built page with the content types and cache headers of the deployment.

Options:`;

const options = readCommandLine({
  about: ABOUT,
  options: {
    root: { kind: 'text', value: 'web/dist', help: 'the built page' },
    port: { kind: 'count', value: 3000, help: 'where to listen, on the loopback interface' },
    orFree: { kind: 'flag', help: 'take a free port if that one is in use' },
    api: { kind: 'text', value: 'http://localhost:7071', help: 'address of the function app' },
    service: { kind: 'text', value: 'http://localhost:8080', help: 'address of Web PubSub' },
  },
});

try {
  const site = await startWebsite(options);
  console.log(`Website at ${site.url}`);
  closeOnSignal(() => site.close());
} catch (error) {
  fail(`cannot start: ${error.message}`, 1);
}
