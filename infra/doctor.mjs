// Does to a function app what the cloud does to it, and prints a line for each check.
import { readFileSync } from 'node:fs';
import { explain } from './doctor/causes.mjs';
import { CHECKS, judge } from './doctor/checks.mjs';
import { send, visit } from './doctor/requests.mjs';
import { attempt, MEND, readSettings } from './doctor/settings.mjs';
import { withStandIn } from './doctor/stand-in.mjs';
import { version } from './doctor/version.mjs';

const USAGE = `usage: node infra/doctor.mjs URL [--page PAGE]
       node infra/doctor.mjs --service | --report | --version | --help

Checks the function app at URL and its service, and whether the page at the address PAGE may use them;
or the service alone. The environment has the settings of the handler, and CODESTREAM_FUNCTION_KEY, the
key of the eventhandler function. For what \`make run\` has started, no setting is needed.

--report asks the service itself, on a hub of its own, what is recorded or unknown of it, and
prints rows for the tables in emulator/README.md, without any secret.`;
const CLOSING_MS = 2000;
const OPTIONAL = new Set(['a page', 'a word', 'rooms', 'kept texts']);
const OF_THE_SERVICE = new Set(['the service', 'an access key', 'a token']);
const DOWN = new Set(['app', 'host', 'settings']); // causes with which events go nowhere

/** Makes one check, if there is what it needs: { cause, failure, note }. */
async function make(check, d) {
  const lack = check.needs.find((need) => !d.has.has(need));
  if (lack) {
    const isLeftOut = OPTIONAL.has(lack) || (!d.app && !OF_THE_SERVICE.has(lack));
    return { failure: `needs ${lack}`, isLeftOut };
  }
  Object.assign(d, check.prepare?.(d));
  const [method, url, headers, body] = check.request(d);
  const response = await (method ? send(d, method, url, headers, body) : visit(d));
  const finding = judge(check, `${method ?? 'a client at'} ${url.split('?')[0]}`, response, d);
  d.has.delete(finding.lost);
  if (finding.failure) return finding;
  Object.assign(d, check.learn?.(response));
  for (const what of check.gives ?? []) d.has.add(what);
  d.has.add(d.session?.room && 'rooms').add(d.keepsTexts && 'kept texts').add(d.writer && 'a writer\'s key');
  return finding;
}

/** Prints a line for each check, and each cause once. Returns whether nothing is wrong. */
async function run(d) {
  const named = new Set();
  for (const check of CHECKS) {
    const { cause, failure, note, isLeftOut } = await make(check, d);
    const { fix, seen, isConsequence } = cause ? explain(cause, named) : {};
    const says = [check.name, failure ?? note].filter(Boolean).join(': ');
    if (isConsequence) console.log(`-     ${says}, which follows from what was said above`);
    else if (cause) console.log(`FAIL  ${says}; fix: ${fix}; seen: ${seen}`);
    else if (!isLeftOut) console.log(`${failure ? '-    ' : 'ok   '} ${says}`);
    if (cause) named.add(cause);
    d.isDown ||= DOWN.has(cause);
  }
  return named.size === 0;
}

/** What was recorded stands in the repository alone, and not in the one file that a release has. */
async function report(settings) {
  const { report: print } = await import('./doctor/report.mjs').catch(() => ({}));
  if (!print) console.log('FAIL  the report: what it compares with is not here; fix: run it in the repository');
  return print ? print(settings) : false;
}

/** What the command line asks for; undefined: it cannot be understood. */
function readArguments([address, option, page, ...more]) {
  const isAlone = /^--(service|report|version|help)$/.test(address) && option === undefined;
  if (isAlone) return { what: address };
  const target = option === '--page' ? attempt(() => new URL(page)) : undefined;
  const isAddress = /^https?:\/\/[^?#@\s]+$/.test(address) && attempt(() => new URL(address));
  if (!isAddress || (option && !target) || more.length > 0) return undefined;
  return { app: address.replace(/\/+$/, ''), target };
}

/** Returns whether nothing is wrong. */
async function diagnose({ what, app, target }) {
  const env = await withStandIn(process.env, app);
  const { problems, ...settings } = readSettings(env, (path) => readFileSync(path, 'utf8'));
  for (const problem of problems) console.log(`FAIL  the settings: ${problem}; fix: ${MEND}`);
  const d = { ...settings, app, page: target?.href, origin: target?.origin };
  d.has.add('the right address').add(app && 'an app').add(target && 'a page');
  return problems.length === 0 && (what === '--report' ? report : run)(d);
}

const given = readArguments(process.argv.slice(2));
if (given?.what === '--version') {
  console.log(`codestream ${version}`);
} else if (given?.what === '--help') {
  console.log(USAGE);
} else if (given) {
  diagnose(given).then((isWell) => {
    process.exitCode = isWell ? 0 : 1;
    setTimeout(() => process.exit(), CLOSING_MS).unref(); // for a connection that does not close
  });
} else {
  console.error(USAGE);
  process.exitCode = 2;
}
