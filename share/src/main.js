// The program: reads what is wanted, and runs it until it ends or is ended.

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError, USAGE, readOptions } from './options.js';
import { PageError } from './page.js';
import { share } from './share.js';
import { complaint } from './visible.js';
import { exit } from './signals.js';
import { watch } from './watch.js';

/* global VERSION */

const SETTINGS = '.codestream-share.json';

/** Not everybody has a home. */
function settingsPath() {
  try {
    return join(homedir(), SETTINGS);
  } catch {
    return undefined;
  }
}

/** What the environment and the file in the home directory say. */
async function readSettings() {
  const { CODESTREAM_PAGE: page } = process.env;
  if (page) return { page };
  const path = settingsPath();
  const text = path && (await readFile(path, 'utf8').catch(() => undefined));
  if (!path || text === undefined) return {};
  try {
    const { page: own } = JSON.parse(text);
    return typeof own === 'string' ? { page: own } : {};
  } catch {
    throw new UsageError(`${path} is not JSON.`);
  }
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const options = readOptions(process.argv.slice(2), await readSettings());
  switch (options.command) {
    case 'help':
      process.stdout.write(`${USAGE}\n`);
      return 0;
    case 'version':
      process.stdout.write(`${VERSION}\n`);
      return 0;
    case 'watch':
      return watch(options);
    default:
      return share(options);
  }
}

// Whoever read the output has gone.
process.stdout.on('error', () => process.exit(1));
process.stderr.on('error', () => process.exit(1));

main().then(
  (code) => exit(code),
  (error) => {
    const usage = error instanceof UsageError;
    if (!usage && !(error instanceof PageError)) throw error;
    process.stderr.write(complaint(error.message) + (usage ? 'Try --help.\n' : ''));
    process.exit(usage ? 2 : 1);
  },
);
