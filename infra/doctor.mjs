// Does to a function app what the cloud does to it, and prints a line for each check.
import { readFileSync } from 'node:fs';
import { CHECKS, judge } from './doctor/checks.mjs';
import { report } from './doctor/report.mjs';
import { send, visit } from './doctor/requests.mjs';
import { attempt, readSettings } from './doctor/settings.mjs';

const USAGE = `usage: node infra/doctor.mjs URL [--page ORIGIN]
       node infra/doctor.mjs --report

Checks the function app at URL, and whether a page of ORIGIN may use it. The environment has the
settings of the handler, and CODESTREAM_FUNCTION_KEY, the key of the eventhandler function.

--report asks the service itself, on a hub of its own, what is recorded or unknown of it, and
prints rows for the tables in emulator/README.md, without any secret.`;
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
const isReport = address === '--report' && option === undefined;
const origin = option === '--page' ? attempt(() => new URL(page).origin) : undefined;
if (!isReport && !/^https?:\/\/[^?#@\s]+$/.test(address) || more.length > 0 || (option && !origin)) {
  console.error(USAGE);
  process.exit(2);
}
const { problems, ...settings } = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
for (const problem of problems) console.log(`FAIL  the settings: ${problem}; fix: correct it`);
let isWell = problems.length === 0;

async function diagnose() {
  const d = { ...settings, app: address.replace(/\/+$/, ''), page: origin };
  d.has.add(origin && 'a page');
  for (const check of CHECKS) {
    const { failure, fix, note, isLeftOut } = await make(check, d);
    const mark = fix ? 'FAIL ' : (failure && '-    ') || 'ok   '; // without a fix nothing is known
    const words = [check.name, failure ?? note].filter(Boolean).join(': ');
    if (!isLeftOut) console.log(`${mark} ${words}${fix ? `; fix: ${fix}` : ''}`);
    isWell &&= !fix;
  }
}

if (isWell && isReport) isWell = await report(settings);
else if (isWell) await diagnose();
process.exitCode = isWell ? 0 : 1;
setTimeout(() => process.exit(), CLOSING_MS).unref(); // for a connection that does not close
