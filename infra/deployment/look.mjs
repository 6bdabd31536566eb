// What is there already. Everything is read before anything is changed, and an answer that cannot
// be true (a list has it, reading it answers 404) stops the program instead of passing for
// "nothing is there".
import { ACCOUNTS, idOf, inGroup, rest, TYPES, WORDS } from './arm.mjs';
import { Stop } from './errors.mjs';
import { DRY } from './dry.mjs';
import { hasHandler } from './hubs.mjs';
import { asList, findPages } from './pages.mjs';
import { secretsOf } from './plan.mjs';
import { findForeign, registeredAt } from './foreign.mjs';
import { checkPart, identify, namedBy, sharedName } from './found.mjs';
import { DEPLOYMENTS, waitWhileActive } from './deployments.mjs';

/** So long a 404 of something that must be there is taken for a passing one. */
const MISSING_MS = 40_000;
/** Parts whose properties count; of the others it is enough to know that they are there. */
const READ_WHOLE = ['service', 'storage', 'host', 'app'];

/**
 * @returns {Promise<object>} group, parts (by their names in TYPES: the resource itself), unique
 *   (the name that they share), settings and cors of the app, whether there was ever an app, and
 *   the last deployment's state
 */
export async function lookAround(d) {
  const {
    az,
    options: { group, name },
  } = d;
  const scope = inGroup(az.subscription, group);
  d.scope = scope;
  const last = await waitWhileActive(d, DEPLOYMENTS.main);
  const lastHub = await waitWhileActive(d, DEPLOYMENTS.hub);
  const named = namedBy(last?.outputs, name);
  const listed = await listAll(d, scope, named);
  const found = identify(scope, name, { listed, named });
  const unique = sharedName(found, name);
  const parts = {};
  for (const part of Object.keys(TYPES)) parts[part] = await readPart(d, part, found[part], unique);
  const isOurs = isOfPrefix(lastHub, name);
  const registered = isOurs ? registeredAt(d, lastHub) : undefined;
  const facts = { parts, unique, last, registered, hadApp: Boolean(named.app) || isOurs };
  if (parts.service) facts.hadApp ||= await hasHandler(d, parts.service);
  // What a first deployment could not make is made again; what was there stays.
  for (const part of facts.hadApp ? [] : READ_WHOLE) {
    if (parts[part]?.properties?.provisioningState === 'Failed') parts[part] = undefined;
  }
  if (parts.app) Object.assign(facts, await readApp(d, parts.app, facts.hadApp));
  const foreign = await findForeign(d, facts);
  if (foreign) Object.assign(facts, { isForeign: true, own: parts.service });
  if (foreign) parts.service = foreign;
  return facts;
}

/** The group's list is a cache, which may be behind: where it is bare, providers are asked. */
async function listAll(d, scope, named) {
  const listed = await d.az.read(['resource', 'list', '--resource-group', d.options.group], {
    what: 'the list of resources',
    dry: [],
  });
  asList(listed, 'the list of resources');
  if (named.app || listed.some(({ type }) => type.toLowerCase() === TYPES.app.toLowerCase())) {
    return listed;
  }
  const more = [];
  for (const part of ['app', 'service']) {
    const what = `a list of each ${WORDS[part]}`;
    more.push(...((await findPages(d, `${scope}/providers/${TYPES[part]}`, { what })) ?? []));
  }
  const known = new Set(listed.map(({ id }) => id.toLowerCase()));
  return [...listed, ...more.filter(({ id }) => !known.has(id.toLowerCase()))];
}

/** The hub's deployment says that there was an app, unless it was one of another prefix. */
function isOfPrefix(deployment, prefix) {
  const app = deployment?.parameters?.functionApp?.value;
  return Boolean(deployment) && (app === undefined || app.startsWith(`${prefix}-`));
}

/** The resource; undefined where all sources agree that it is not there. */
async function readPart(d, part, found, unique) {
  if (d.person.isDryRun) {
    const dry = DRY.part(d.scope, part);
    return d.az.read(rest('get', dry.id), { dry });
  }
  if (!found && !unique) return undefined;
  if (found?.isListed && !READ_WHOLE.includes(part)) return found;
  const id = found?.id ?? idOf(d.scope, part, ACCOUNTS[part]?.(unique) ?? unique);
  const patienceMs = found?.isListed ? { missing: MISSING_MS } : {};
  const read = await d.az.find(rest('get', id), { what: `the ${WORDS[part]}`, patienceMs });
  if (!read && found?.isListed) {
    throw new Stop(
      `the list of the group has ${found.name}, but reading it answers that it is not there`,
      "Azure's lists are some minutes behind. If it was deleted, run this again in ten minutes; if it\n"
        + 'was not, run this again now. Nothing was changed.',
    );
  }
  return READ_WHOLE.includes(part) && read !== undefined ? checkPart(part, id, read) : read;
}

/** Settings and origins of an app that is there: they are read, or nothing is done. */
async function readApp(d, app, hadApp) {
  const patienceMs = { missing: MISSING_MS };
  const what = 'the settings of the function app';
  const read = (args, reading) =>
    d.az.read(args, { what: reading, patienceMs, dry: { properties: {} } }).catch((error) => {
      throw error.kind === 'missing' ? notReadable(app.name, reading) : error;
    });
  const settings = await read(rest('post', `${app.id}/config/appsettings/list`), what);
  const properties = settings?.properties;
  const isMap = properties && typeof properties === 'object' && !Array.isArray(properties);
  if (!isMap)
    throw new Stop(
      `az answered without ${what}`,
      'Run the same command again. Nothing was changed.',
    );
  d.az.hide(...secretsOf(properties));
  const web = await read(rest('get', `${app.id}/config/web`), 'the origins of the function app');
  // Of an app without origins it is null.
  if (web?.properties?.cors === undefined && !d.person.isDryRun) {
    throw new Stop(
      'az answered without the origins of the function app',
      'Run the same command again. Nothing was changed.',
    );
  }
  if (hadApp && Object.keys(properties).length === 0 && !d.person.isDryRun) {
    if (!d.options.secret && !d.options.newSecret) throw emptySettings(app.name);
  }
  return { settings: properties, cors: web.properties.cors ?? {} };
}

function notReadable(name, what) {
  return new Stop(
    `${name} is there, and reading ${what} answers that they are not`,
    'Run the same command again in some minutes. Nothing was changed.',
  );
}

function emptySettings(name) {
  return new Stop(
    `${name} was deployed before, and now has no settings at all`,
    'Run the same command again in some minutes: the answer may be wrong. If they were deleted,\n'
      + 'set CODESTREAM_SECRET to the secret of before; with a new one, --new-secret, writers cannot go\n'
      + 'on in their rooms. Nothing was changed.',
  );
}

/** Where clients connect: the service, or what stands in front of it. */
export const clientAddress = (settings, service) =>
  settings.CODESTREAM_CLIENT_ENDPOINT?.trim().replace(/\/+$/, '') || service;

/** The deployment's own address of each thing, as a person or a browser needs it. */
export function addresses({ parts: { app, service, storage } }) {
  const page = storage.properties?.primaryEndpoints?.web;
  const hosts = {
    app: app.properties?.defaultHostName,
    service: service.properties?.hostName,
    page,
  };
  const lacking = Object.keys(hosts).find((name) => !hosts[name]);
  if (lacking)
    throw new Stop(`Azure does not tell the address of the ${lacking}`, 'Run this again.');
  return {
    api: `https://${hosts.app}`,
    service: `https://${hosts.service}`,
    page: page.replace(/\/+$/, ''),
  };
}
