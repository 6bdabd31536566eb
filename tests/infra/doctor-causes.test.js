// A deployment that is broken in each of twelve ways, alone and with a second fault beside it:
// infra/doctor.mjs names the causes, in one line each.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CAUSES } from '../../infra/doctor/causes.mjs';
import { diagnoseFaults, FAULTS } from '../lib/causes.js';
import { ROOT } from '../lib/handler.js';
import { test } from '../lib/test.js';

/** Two that can both be seen; tests/slow has every two. */
const PAIRS = [
  ['hub misspelt', 'page of another API'],
  ['clock off', 'key rotated'],
  ['settings gone', 'tier full'],
  ['host not starting', 'CORS missing'],
];

const cases = [...Object.keys(FAULTS).map((name) => [name]), ...PAIRS];

test('the causes are named', { timeout: 120_000, concurrency: 4 }, (t) => Promise.all(
  cases.map((names) => t.test(names.join(' and '), async () => {
    const report = await diagnoseFaults(names);
    report.assertNames(...names.map((name) => FAULTS[name].says));
  }))));

test('what the page says of a cause is what the page says', () => {
  const folder = path.join(ROOT, 'web/src');
  const sources = readdirSync(folder).filter((name) => name.endsWith('.js'))
    .map((name) => readFileSync(path.join(folder, name), 'utf8')).join('\n');
  const quoted = Object.values(CAUSES)
    .flatMap(({ seen }) => [...seen.matchAll(/the page says “([^”]+)”/g)].map(([, text]) => text));
  assert.ok(quoted.length > 10);
  for (const text of new Set(quoted)) assert.ok(sources.includes(text), text);
});

test('every cause names what mends it: a setting, a command, a file or a page of the portal', () => {
  const handle = /\b(az|node|make) [a-z]|portal\b|\.json\b|CODESTREAM_\w+|address|CA_FILE|WebHook|clock|wait/;
  for (const [name, { mend }] of Object.entries(CAUSES)) assert.match(mend, handle, name);
});
