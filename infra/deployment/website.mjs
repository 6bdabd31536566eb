// The static website of the page's account. The template switches it on for an account that it makes;
// where it is off all the same, or the page answers 404, it is switched on through Resource Manager,
// and then at the account itself. Each way is tried once, and said.
import { AzError, Stop } from './errors.mjs';
import { poll } from './poll.mjs';

export const INDEX = 'index.html';
/** A role that was given a moment ago takes its time to be known to the storage account. */
export const PATIENCE_MS = { notYet: 10 * 60_000 };
/** So long an account that was switched on may still answer 404. */
const SHOWN_MS = 60_000;
const ASK_MS = 30_000;
const AT_ONCE = { busy: 0, late: 0, notYet: 0 };

/**
 * Before the upload, as an account whose website is off may have no container for it. What somebody has
 * set of the website stays.
 *
 * @param {{ where: string[], account?: string, group?: string, page?: string }} site
 *   where: how az finds the account; group: of the account, if Resource Manager may be asked;
 *   page: its address, if it is known
 * @returns {Promise<object[]>} the ways that are left
 */
export async function switchWebsiteOn(d, site) {
  let state = await stateOf(d, site);
  const ways = waysOf(site, state);
  while (!isOn(state) && ways.length > 0) {
    await take(d, ways, 'the website is off');
    if (!d.person.isDryRun) state = await stateOf(d, site);
  }
  return ways;
}

/** After the upload: the page has to be shown. */
export async function seeWebsite(d, { page }, ways) {
  if (!page || d.person.isDryRun) return;
  for (;;) {
    let problem;
    const isShown = await poll(d, { what: `the page at ${page}/`, limitMs: SHOWN_MS }, async () => {
      problem = await problemOf(d, page);
      return !problem || problem.kind !== 'missing' || undefined;
    });
    if (isShown) {
      if (problem) d.person.say(`  not seen: the page; ${problem.message.split('\n')[0]}`);
      return;
    }
    if (ways.length === 0) {
      throw new Stop(
        `the page is uploaded, and ${page}/ answers 404: its website cannot be switched on`,
        'Switch it on in the portal: the storage account, Static website.',
      );
    }
    await take(d, ways, 'the page answers 404');
  }
}

async function stateOf(d, { where }) {
  const read = await d.az.read(['storage', 'blob', 'service-properties', 'show', ...where], {
    what: 'the state of the website',
    patienceMs: PATIENCE_MS,
    dry: {},
  });
  return read?.staticWebsite ?? {};
}

const isOn = ({ enabled, indexDocument, defaultIndexDocumentPath }) =>
  Boolean(enabled && (indexDocument || defaultIndexDocumentPath));

function waysOf({ where, account, group }, state) {
  const page404 =
    state.errorDocument404Path ?? state.errorDocument_404Path ?? state.errorDocument404path;
  const documents = ['--index-document', INDEX, ...(page404 ? ['--404-document', page404] : [])];
  const update = ['storage', 'blob', 'service-properties', 'update', '--static-website', 'true'];
  const own = { said: 'at the account itself', args: [...update, ...documents, ...where] };
  if (!account || !group) return [own];
  const through = ['storage', 'account', 'blob-service-properties', 'update'];
  const which = ['--account-name', account, '--resource-group', group];
  const args = [...through, ...which, '--enable-static-website', 'true', ...documents];
  return [{ said: 'through Resource Manager', args }, own];
}

/** The next way. Only the last one has to succeed: an older az, or a role, may lack the first. */
async function take(d, ways, why) {
  const { said, args } = ways.shift();
  d.person.say(`  ${why}: it is switched on ${said}`);
  await d.az
    .act(args, { what: 'the website to be switched on', patienceMs: PATIENCE_MS })
    .catch((error) => {
      if (!(error instanceof AzError) || error.kind === 'absent' || ways.length === 0) throw error;
      d.person.say(`  that failed: ${error.message.split('\n')[0]}`);
    });
}

async function problemOf(d, page) {
  try {
    const args = ['rest', '--method', 'get', '--url', `${page}/`, '--skip-authorization-header'];
    await d.az.act(args, { what: `the page at ${page}/`, ms: ASK_MS, patienceMs: AT_ONCE });
    return undefined;
  } catch (error) {
    if (!(error instanceof AzError) || error.kind === 'absent') throw error;
    return error;
  }
}
