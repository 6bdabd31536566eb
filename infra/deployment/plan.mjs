// What a run changes of what is there, and why; all else stays as it is. Pure.
//
// CHANGES is the whole list. A first deployment makes resources by the template; from then on they
// are only patched, and only by what stands here.
import { unitsProblem } from './options.mjs';
import { Stop } from './errors.mjs';

export const CHANGES = {
  tier: '--sku or --units says so',
  keys: '--identity or --access-key says so',
  rights:
    'the function app needs them: a role that is not there is given; what it could do to the page,'
    + ' before packages had an account of their own, is taken away',
  settings:
    'an option says so; one that the handler needs is not there; the access key in it is none of the'
    + ' two of the service; the Application Insights that it names was made by an earlier run, has gone,'
    + ' and was made anew; CODESTREAM_UNITS follows the units of the service',
  memory: '--memory says so',
  account: 'packages and host keys were with the page: they move to an account of their own',
  passwords: 'the same run switches off that passwords can publish to the function app',
  origins: 'the page has to call negotiate, and an option says so',
  package: 'a new version of the handler',
  hub: 'the function key may have been renewed: our event handler, and no other, is written again',
  service: '--service names another one: our hub and our right at the one of before go, if that was yours',
  texts:
    '--keep-days says so: container, right, rule; and, where texts are kept, copies of what is overwritten'
    + ' are switched off',
  page: 'a new version of the page; its website is switched on where it is off',
  upload: 'whoever runs this gets the right to upload the page',
};

const CONNECTION = 'WebPubSubForSocketIOConnectionString';
export const HOST_ACCOUNT = 'AzureWebJobsStorage__accountName';
const ENDPOINT = `${CONNECTION}__endpoint`;
const CREDENTIAL = `${CONNECTION}__credential`;
const MOVES =
  'Free_F1 has addresses of its own: after this change of tier names lead to the old one for\n'
  + '30 to 60 minutes, and clients may not reach the service until then.';

/**
 * The tier that the service gets, or keeps.
 *
 * @returns {{ sku: string, units: number, isChanged: boolean, warning: string }}
 */
export function chooseTier({ sku, units }, service) {
  const old = service?.sku;
  const wanted = sku ?? old?.name ?? 'Free_F1';
  const count = units ?? unitsWithout(wanted, old);
  const problem = unitsProblem(wanted, count);
  if (problem) throw new Stop(problem);
  const isChanged = Boolean(old) && (old.name !== wanted || old.capacity !== count);
  const isMoved = isChanged && (old.name === 'Free_F1') !== (wanted === 'Free_F1');
  return { sku: wanted, units: count, isChanged, warning: isMoved ? MOVES : '' };
}

/** How many units, when no option says it: those there are, unless the tier counts differently. */
function unitsWithout(wanted, old) {
  if (old?.name === wanted) return old.capacity;
  if (wanted === 'Free_F1' || !old || old.name === 'Free_F1') return 1;
  if ((wanted === 'Premium_P2') !== (old.name === 'Premium_P2')) {
    throw new Stop(
      `${old.name} has ${old.capacity} units: say with --units how many of ${wanted} you want`,
      'Units are what is paid for. Nothing was changed.',
    );
  }
  return old.capacity;
}

/**
 * The key of the Application Insights that there was before the one that there will be: a deployment is
 * given it, so that later runs know it from one that somebody has chosen.
 */
export function insightsBefore(last, make) {
  const before = last?.parameters?.insightsBefore?.value ?? '';
  return make.includes('insights') ? (last?.outputs?.insights?.value ?? before) : before;
}

/** Is there an identity? By an option, else by the settings, else by the service. */
export function usesIdentity({ identity }, settings = {}, service = undefined) {
  if (identity !== undefined) return identity;
  if (settings[CONNECTION]) return false;
  if (settings[ENDPOINT]) return true;
  return service?.properties?.disableLocalAuth ?? false;
}

/**
 * All settings as they shall be, and the names of those that change. `needed`: what is added where
 * it is not there; `renewed`: what replaces that of a resource that is gone; `keys`: of the service, unless an identity is used.
 *
 * @param {{ present: Record<string, string>, needed: Record<string, string>, renewed?: object, options: object,
 *   secret: string, units: number, identity: boolean, host: string, keys?: object }} facts
 */
export function planSettings({ present, needed, renewed = {}, options, secret, units, identity, host, keys }) {
  const settings = { ...present };
  const put = (name, value) => {
    settings[nameIn(settings, name)] = value;
  };
  const remove = (name) => {
    delete settings[nameIn(settings, name)];
  };
  for (const [name, value] of Object.entries(needed)) {
    if (settings[nameIn(settings, name)] === undefined) put(name, value);
  }
  for (const [name, value] of Object.entries(renewed)) put(name, value);
  put('CODESTREAM_SECRET', secret);
  put('CODESTREAM_UNITS', String(units));
  if (identity) {
    remove(CONNECTION);
    if (!isAddress(present[ENDPOINT], host)) put(ENDPOINT, `https://${host}`);
    if (!present[CREDENTIAL]) put(CREDENTIAL, 'managedidentity');
  } else {
    remove(ENDPOINT);
    remove(CREDENTIAL);
    if (!isValid(present[CONNECTION], host, keys)) put(CONNECTION, keys.primaryConnectionString);
  }
  for (const [name, value] of Object.entries(options.settings)) put(name, value);
  for (const name of options.removedSettings) remove(name);
  const all = new Set([...Object.keys(present), ...Object.keys(settings)]);
  return { settings, changed: [...all].filter((name) => present[name] !== settings[name]).sort() };
}

/** Settings that a person may read in an error; everything else may be a secret. */
const OPEN = [
  /^CODESTREAM_(?!SECRET$|WRITERS$)/,
  /^(AzureWebJobsStorage__|APPLICATIONINSIGHTS_AUTH)/,
  /__(endpoint|credential|clientId)$/,
];
const isOpen = (name) => OPEN.some((which) => which.test(name));

/** The values that nobody shall read, and the keys within them. */
export function secretsOf(settings) {
  const values = Object.entries(settings)
    .filter(([name]) => !isOpen(name))
    .map(([, value]) => value);
  const keys = values.map(
    (value) => /(?:AccessKey|AccountKey|InstrumentationKey)=([^;]+)/.exec(value)?.[1],
  );
  return [...values, ...keys.filter(Boolean)];
}

/** Azure takes names that differ in capitals alone for the same. */
function nameIn(settings, name) {
  return Object.keys(settings).find((one) => one.toLowerCase() === name.toLowerCase()) ?? name;
}

/** Its value stands elsewhere (Key Vault): what that is is not ours to say. */
export const isReference = (value) => /^@Microsoft\.\w+\(/.test(value ?? '');

const isAddress = (value, host) =>
  isReference(value) || value?.replace(/\/$/, '').toLowerCase() === `https://${host}`.toLowerCase();

/** Either key will do: who rotates keys uses the second one while the first is made anew. */
function isValid(connection, host, { primaryKey, secondaryKey }) {
  if (isReference(connection)) return true;
  const isKnown = [primaryKey, secondaryKey].some(
    (key) => key && connection?.includes(`AccessKey=${key};`),
  );
  return isKnown && connection.toLowerCase().includes(`endpoint=https://${host.toLowerCase()}`);
}

/** Does the host have its keys in this account? */
export const isHostIn = (settings, account) =>
  settings[nameIn(settings, HOST_ACCOUNT)]?.toLowerCase() === account.name.toLowerCase();

/** Does any setting of the host, in whatever form, name this account? */
export const namesAccount = (settings, { name }) =>
  Object.entries(settings).some(
    ([setting, value]) =>
      /^AzureWebJobsStorage/i.test(setting) && RegExp(`\\b${name}\\b`, 'i').test(value),
  );

/** The origins as they shall be; undefined: as they are. */
export function planOrigins(present, page, { origins, removedOrigins }) {
  const old = present ?? [];
  if (removedOrigins.includes(page))
    throw new Stop(`--remove-origin ${page}: the page itself is there`);
  const added = old.includes('*') ? origins : [page, ...origins];
  const wanted = [...new Set([...old, ...added])].filter((one) => !removedOrigins.includes(one));
  return wanted.length === old.length && old.every((one) => wanted.includes(one))
    ? undefined
    : wanted;
}

/** The roles that the app lacks: [{ role, scope }]. */
export function missingRoles(wanted, assignments) {
  const covers = ({ id }, scope) =>
    `${scope}/`
      .toLowerCase()
      .startsWith(`${id.split('/providers/Microsoft.Authorization/')[0]}/`.toLowerCase());
  return wanted.filter(
    ({ role, scope, principal }) =>
      !assignments.some(
        (one) =>
          one.properties?.principalId === principal
          && covers(one, scope)
          && one.properties.roleDefinitionId?.toLowerCase().endsWith(`/${role}`),
      ),
  );
}

/** The assignments of these roles at this very place, and not above or below it. */
export function assignedAt(scope, roles, assignments) {
  const start = `${scope}/providers/microsoft.authorization/`.toLowerCase();
  return assignments.filter(
    ({ id, properties }) =>
      id.toLowerCase().startsWith(start)
      && roles.some((role) => properties?.roleDefinitionId?.toLowerCase().endsWith(`/${role}`)),
  );
}

/** How our event handler has the function key; undefined: there is none. */
export const functionKeyOf = (hub, apiHost) =>
  /[?&]code=([^&]+)/.exec((hub?.properties?.eventHandlers ?? []).find(isOurHandler(apiHost))?.urlTemplate)?.[1];

const isOurHandler = (apiHost) => ({ urlTemplate }) =>
  urlTemplate?.toLowerCase().startsWith(`https://${apiHost.toLowerCase()}/eventhandler`);

/** What a hub is that nobody but us has said anything of. */
const MADE = { anonymousConnectPolicy: 'deny', webSocketKeepAliveIntervalInSeconds: 20 };

/** Is there nothing in it, besides event handlers, that somebody else has set? */
export const isAsMade = ({ anonymousConnectPolicy, webSocketKeepAliveIntervalInSeconds, eventListeners }) =>
  anonymousConnectPolicy === MADE.anonymousConnectPolicy
  && webSocketKeepAliveIntervalInSeconds === MADE.webSocketKeepAliveIntervalInSeconds
  && eventListeners.length === 0;

/** What is kept of our hub: whatever is not our event handler. */
export function keptOfHub(hub, apiHost) {
  const properties = hub?.properties ?? {};
  const isOurs = isOurHandler(apiHost);
  const handlers = properties.eventHandlers ?? [];
  const at = handlers.findIndex(isOurs);
  return {
    anonymousConnectPolicy: properties.anonymousConnectPolicy ?? MADE.anonymousConnectPolicy,
    webSocketKeepAliveIntervalInSeconds:
      properties.webSocketKeepAliveIntervalInSeconds ?? MADE.webSocketKeepAliveIntervalInSeconds,
    eventListeners: properties.eventListeners ?? [],
    // The first that fits an event gets it, so those in front of ours stay in front.
    firstHandlers: handlers.slice(0, Math.max(at, 0)),
    eventHandlers: handlers.slice(Math.max(at, 0)).filter((one) => !isOurs(one)),
    // Such as an identity by which the service proves itself.
    ours: handlers[at]?.auth ? { auth: handlers[at].auth } : {},
  };
}

/** The free services that a subscription may have, if Azure tells; undefined: it does not. */
export function freeServicesLeft(usages) {
  const row = (Array.isArray(usages?.value) ? usages.value : []).find(
    ({ name }) => name?.value === 'WebPubSubFreeTierInstances',
  );
  return row && Number.isFinite(row.limit) ? row.limit - row.currentValue : undefined;
}
