#!/usr/bin/env node
// Puts the page into the static website of a storage account: `infra/upload.mjs --help`.
import { pathToFileURL } from 'node:url';

import { Misuse } from './deployment/errors.mjs';
import { checkDays, parse } from './deployment/options.mjs';
import { publishPage } from './deployment/page.mjs';
import { main } from './deployment/person.mjs';

const USAGE = `usage: infra/upload.mjs --api URL --service URL [--account NAME] [options]

Puts the page into the static website of a storage account: switches the website on, fills in the
addresses, uploads every file with its headers, and removes what has not been part of the page for
a day.
infra/deploy.mjs does this as its last step; by hand it puts the page somewhere else.

  --api URL        of the function app, such as https://APP.azurewebsites.net
  --service URL    of the service, such as https://SERVICE.webpubsub.azure.com
  --account NAME   of the storage account, as whoever is signed in. Without it, az finds the account
                   and the right to it in its own environment variables, so that no secret is an
                   argument: AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT with
                   AZURE_STORAGE_AUTH_MODE=login
  --dist FOLDER    the built page (web/dist)
  --keep-days N    for how many days the function app keeps texts, where deploy.mjs has switched that
                   on; without it the page keeps none
  --dry-run        print the commands, run none
  --help           this text
`;

const FLAG = { type: 'boolean', default: false };
const TEXT = { type: 'string' };

function readOptions(argv) {
  const values = parse(argv, {
    api: TEXT,
    service: TEXT,
    account: TEXT,
    dist: TEXT,
    'keep-days': TEXT,
    'dry-run': FLAG,
    help: { ...FLAG, short: 'h' },
  });
  for (const name of values.help ? [] : ['api', 'service']) {
    if (!values[name]) throw new Misuse(`--${name} is missing`);
  }
  const keepDays = values['keep-days'] === undefined ? undefined : checkDays(values['keep-days']);
  return { ...values, keepDays, isDryRun: values['dry-run'] };
}

async function run(d) {
  const { dist = d.places.page, api, service, account, keepDays } = d.options;
  const count = await publishPage(d, { dist, api, service, account, keepDays });
  d.person.say(`${count} files, for ${api} and ${service}`);
}

export const UPLOAD = { name: 'upload.mjs', usage: USAGE, read: readOptions, body: run };

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(UPLOAD, { keepsStorage: true });
}
