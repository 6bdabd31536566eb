// The handler's package: sent once, unless it is certain that it was not taken, and then waited for
// until the handler answers as a viewer would see it.
import { AzError, StillActive, Stop } from './errors.mjs';
import { poll, seconds } from './poll.mjs';

const SEND_MS = 20 * 60_000;
const POLLS_SECONDS = 600;
const MAX_TRIES = 5;
const RETRY_MS = 30_000;
const WATCH_MS = 10 * 60_000;
const ANSWER_MS = 5 * 60_000;
const REQUEST_MS = 30_000;
const APP_SERVICE = 'https://appservice.azure.com';
/** What az says when the package is there, and only the host does not look well yet. */
const IS_THERE = /Deployment was successful|Failed to fetch host key/i;
/** What may pass: a role that is minutes old, a Kudu that is starting. */
const MAY_PASS = /storage|identity|Status Code: 5\d\d/i;
const PASSING = ['busy', 'late', 'notYet'];
const FINAL = ['signedOut', 'expired', 'forbidden', 'closed', 'absent'];
/** Cancelled, failed, overtaken by another one, done in part. */
const KUDU = { failed: [-1, 3, 5, 6], done: 4 };
/** Kudu did not answer, which is not the same as that there is no package. */
const UNKNOWN = Symbol('what Kudu has is not known');
/** So long it is asked again: before the package is sent, and after that has failed. */
const BEFORE_MS = 15_000;
const AFTER_MS = 120_000;
/** Any room will do: who watches needs no word. */
const ROOM = 'A'.repeat(22);

export async function publishPackage(d, app) {
  const kudu = scmHost(app);
  const before = await latest(d, kudu, BEFORE_MS);
  for (let tries = 1; ; tries += 1) {
    try {
      await d.az.once(
        [
          'functionapp',
          'deployment',
          'source',
          'config-zip',
          '--resource-group',
          d.options.group,
          '--name',
          app.name,
          '--src',
          d.places.zip,
          '--timeout',
          String(POLLS_SECONDS),
        ],
        { what: `the package to be taken by ${app.name}`, ms: SEND_MS },
      );
      return;
    } catch (error) {
      if (await isPublished(d, kudu, before, error)) return;
      const isPassing = PASSING.includes(error.kind) || MAY_PASS.test(error.message);
      const isFinal = error.kind === 'missing' || FINAL.includes(error.kind);
      if (!isPassing || isFinal || tries === MAX_TRIES) throw error;
      d.person.say(
        `  not yet (${error.message.split('\n')[0].slice(0, 160)}), trying again in 30 s`,
      );
      await d.clock.sleep(RETRY_MS);
    }
  }
}

/** After an error: is the package there all the same? */
async function isPublished(d, kudu, before, error) {
  if (IS_THERE.test(error.message)) {
    d.person.say(`  az says: ${error.message.split('\n')[0]}\n  so the package is there`);
    return true;
  }
  if (FINAL.includes(error.kind)) return false;
  const now = await latest(d, kudu, AFTER_MS);
  if (now !== UNKNOWN && (!now?.id || now.id === before?.id)) return false;
  if (now === UNKNOWN || before === UNKNOWN) {
    throw new Stop(
      `it is not known whether the package was taken, as Kudu did not say what it has:\n${error.message}`,
      'Run the same command again: it sends the package once more.',
    );
  }
  d.person.say(
    `  az says: ${error.message.split('\n')[0].slice(0, 160)}\n  but the package was taken`,
  );
  return watch(d, kudu, now);
}

/** Follows a package that was taken to its end: until then the handler of before answers. */
async function watch(d, kudu, first) {
  let state = first;
  const what = 'the package to be unpacked';
  const isDone = await poll(d, { what, limitMs: WATCH_MS }, async () => {
    if (state.status === KUDU.done) return true;
    if (KUDU.failed.includes(state.status)) {
      const why = state.status_text || 'it does not say why';
      throw new Stop(`the package was taken, but its deployment failed: ${why}`);
    }
    const now = await latest(d, kudu);
    if (now?.id) state = now;
    return undefined;
  });
  if (isDone) return true;
  throw new StillActive(
    `Azure is still unpacking the package after ${seconds(WATCH_MS)}`,
    'Run the same command again in some minutes.',
  );
}

/** What Kudu says of the last package; undefined: there is none; UNKNOWN: it does not say. */
async function latest(d, kudu, ms = 0) {
  try {
    return await d.az.find(
      [
        'rest',
        '--method',
        'get',
        '--url',
        `https://${kudu}/api/deployments/latest`,
        '--resource',
        APP_SERVICE,
      ],
      { what: 'the state of the last package', patienceMs: { busy: ms, late: ms } },
    );
  } catch (error) {
    if (FINAL.includes(error.kind)) throw error;
    return UNKNOWN;
  }
}

function scmHost(app) {
  const host = app.properties?.hostNameSslStates?.find(
    ({ hostType }) => hostType === 'Repository',
  )?.name;
  if (!host)
    throw new Stop('Azure does not tell where the function app takes packages', 'Run this again.');
  return host;
}

/**
 * Waits until the handler answers as a viewer would see it, `answers` times in a row. `isProof`: a
 * token that the access key has signed does not count; those of the service name a key in them.
 */
export async function waitForHandler(d, { api, answers = 1, isProof = false }) {
  let good = 0;
  let said = 'none yet';
  const what = `an answer of ${api}/negotiate`;
  const isWell = await poll(d, { what, limitMs: ANSWER_MS }, async () => {
    const { problem, token } = await ask(d, api);
    const isOld = isProof && token && !hasKeyId(token);
    said = problem ?? (isOld ? 'a token that was signed with the access key' : said);
    good = problem || isOld ? 0 : good + 1;
    return good === answers || d.person.isDryRun || undefined;
  });
  if (!isWell) {
    throw new Stop(`${api}/negotiate does not answer as it should; the last answer was: ${said}`);
  }
}

async function ask(d, api) {
  const args = [
    'rest',
    '--method',
    'get',
    '--url',
    `${api}/negotiate?room_id=${ROOM}`,
    '--skip-authorization-header',
  ];
  try {
    const body = await d.az.read(args, {
      what: `an answer of ${api}/negotiate`,
      ms: REQUEST_MS,
      dry: {},
      patienceMs: { busy: 0, late: 0, notYet: 0 },
    });
    return { token: body?.token };
  } catch (error) {
    if (!(error instanceof AzError) || error.kind === 'absent') throw error;
    return { problem: error.message.split('\n')[0].slice(0, 200) };
  }
}

function hasKeyId(token) {
  try {
    return 'kid' in JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString());
  } catch {
    return false;
  }
}
