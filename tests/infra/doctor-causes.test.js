// A deployment that is broken in each of twelve ways, alone and with a second fault beside it:
// infra/doctor.mjs names the causes, in one line each.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CAUSES } from '../../infra/doctor/causes.mjs';
import { diagnoseFaults, FAULTS } from '../lib/causes.js';
import { ROOT } from '../lib/handler.js';
import { test } from '../lib/test.js';

/** A second fault for each, of which it can be seen beside the first. */
const BESIDE = {
  'key rotated': 'CORS missing',
  'hub misspelt': 'page of another API',
  'handler\'s URL wrong': 'settings gone',
  'function key changed': 'CORS missing',
  'default mode': 'CORS missing',
  'tier full': 'hub misspelt',
  'clock off': 'key rotated',
  'CORS missing': 'host not starting',
  'identity without role': 'page of another API',
  'settings gone': 'tier full',
  'page of another API': 'function key changed',
  'host not starting': 'clock off',
};

const cases = Object.entries(BESIDE).flatMap(([name, second]) => [[name], [name, second]]);

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
