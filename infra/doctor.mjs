// Does to a function app what the cloud does to it, and prints a line for each check.
import { readFileSync } from 'node:fs';
import { CHECKS, judge } from './doctor/checks.mjs';
import { send, visit } from './doctor/requests.mjs';
import { attempt, readSettings } from './doctor/settings.mjs';

const USAGE = `usage: node infra/doctor.mjs URL [--page ORIGIN]

Checks the function app at URL, and whether a page of ORIGIN may use it. The environment has the
settings of the handler, and CODESTREAM_FUNCTION_KEY, the key of the eventhandler function.`;
const CLOSING_MS = 2000;

/** Makes one check, if there is what it needs: { failure, fix, note }. */
async function make(check, d) {
  const lack = check.needs.find((need) => !d.has.has(need));
  if (lack) return { failure: `needs ${lack}`, isLeftOut: lack === 'a page' || lack === 'a word' };
  const [method, url, headers, body] = check.request(d);
  const response = await (method ? send(d, method, url, headers, body) : visit(d));
  const finding = judge(check, `${method ?? 'a client at'} ${url.split('?')[0]}`, response, d);
  d.has.delete(finding.lost);
  if (finding.failure) return finding;
  Object.assign(d, check.learn?.(response));
  d.has.add(check.gives).add(d.session?.room && 'rooms');
  return finding;
}

const [address, option, page, ...more] = process.argv.slice(2);
const origin = option === '--page' ? attempt(() => new URL(page).origin) : undefined;
if (!/^https?:\/\/[^?#@\s]+$/.test(address) || more.length > 0 || (option && !origin)) {
  console.error(USAGE);
  process.exit(2);
}
const { problems, ...settings } = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
for (const problem of problems) console.log(`FAIL  the settings: ${problem}; fix: correct it`);
const d = { ...settings, app: address.replace(/\/+$/, ''), page: origin };
d.has.add(origin && 'a page');
let isWell = problems.length === 0;
for (const check of isWell ? CHECKS : []) {
  const { failure, fix, note, isLeftOut } = await make(check, d);
  const mark = fix ? 'FAIL ' : (failure && '-    ') || 'ok   '; // without a fix nothing is known
  const words = [check.name, failure ?? note].filter(Boolean).join(': ');
  if (!isLeftOut) console.log(`${mark} ${words}${fix ? `; fix: ${fix}` : ''}`);
  isWell &&= !fix;
}
process.exitCode = isWell ? 0 : 1;
setTimeout(() => process.exit(), CLOSING_MS).unref(); // for a connection that does not close
