// Every two of the eleven faults of doctor-causes.test.js together: infra/doctor.mjs names both, but
// where one hides the other from everybody who stands outside; and it never names a third.
import { diagnoseFaults, FAULTS } from '../lib/causes.js';
import { test } from '../lib/test.js';

/** Where there is no token, no client gets as far as the hub's event handler, and with a full tier none does. */
const NO_CLIENT = ['handler\'s URL wrong', 'function key changed'];
/** By the fault that is seen, those that nobody can see behind it. */
const HIDES = {
  'tier full': NO_CLIENT,
  'key rotated': [...NO_CLIENT, 'identity without role'],
  'identity without role': [...NO_CLIENT, 'hub misspelt', 'key rotated', 'settings gone'],
  'settings gone': ['hub misspelt', 'identity without role'],
  'host not starting': ['hub misspelt', 'identity without role', 'settings gone'],
  'hub misspelt': ['handler\'s URL wrong'],
  'handler\'s URL wrong': ['function key changed'],
  'function key changed': ['handler\'s URL wrong'],
};

const names = Object.keys(FAULTS);
const pairs = names.flatMap((one, i) => names.slice(i + 1).map((other) => [one, other]));

test('every two faults', { timeout: 600_000, concurrency: 3 }, (t) => Promise.all(
  pairs.map((pair) => t.test(pair.join(' and '), async () => {
    const report = await diagnoseFaults(pair);
    const lines = report.text.split('\n').filter((line) => line.startsWith('FAIL'));
    const seen = pair.filter((name) => lines.some((line) => FAULTS[name].says.test(line)));
    const [lone] = seen;
    const hidden = seen.length === 1 && HIDES[lone]?.includes(pair.find((name) => name !== lone));
    report.assertNames(...(hidden ? seen : pair).map((name) => FAULTS[name].says));
  }))));
