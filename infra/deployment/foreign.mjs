// A service that was there before: --service names it. Of it only our hub and our right are ours;
// its tier, its keys and its other hubs are its owner's.
import { groupOf, idOf, inGroup, inSubscription, rest, ROLES, TYPES } from './arm.mjs';
import { Stop } from './errors.mjs';
import { checkPart } from './found.mjs';
import { readHub } from './hubs.mjs';
import { listPages } from './pages.mjs';
import { isAsMade, isReference, keptOfHub } from './plan.mjs';
import { takeRight } from './rights.mjs';

const CONNECTION = 'WebPubSubForSocketIOConnectionString';

/** The host of the service that the app's settings name. */
export function hostOf(settings = {}) {
  const text =
    /(?:^|;)\s*Endpoint=([^;]+)/i.exec(settings[CONNECTION] ?? '')?.[1]
    ?? settings[`${CONNECTION}__endpoint`];
  return /^https:\/\/([^/]+)/i.exec(text ?? '')?.[1];
}

/**
 * Where the hub was registered last, if that is a service that was there before: { id, hub, app }.
 * Settings may have gone, or name the service in a Key Vault; what was deployed stays known.
 */
export function registeredAt({ az: { subscription }, options: { group } }, lastHub) {
  const [service, app, hub, where = group] = ['webPubSub', 'functionApp', 'hub', 'serviceGroup'].map(
    (name) => lastHub?.parameters?.[name]?.value,
  );
  if (!service || !hub || service === app) return undefined; // its own has its name
  return { id: idOf(inGroup(subscription, where), 'service', service), hub, app };
}

/**
 * The service that an option names, or that the app uses since before; undefined: this
 * deployment's own.
 */
export async function findForeign(d, { parts, settings, registered }) {
  const { service, serviceGroup, group } = d.options;
  if (service) {
    const id = idOf(inGroup(d.az.subscription, serviceGroup ?? group), 'service', service);
    if (id.toLowerCase() === parts.service?.id.toLowerCase()) return undefined;
    return checkKind(await readForeign(d, id));
  }
  if (registered && isReference(settings?.[CONNECTION])) return checkKind(await readForeign(d, registered.id));
  const host = hostOf(settings);
  const isOwn = isSame(host, parts.service?.properties?.hostName);
  if (!host || isOwn || d.person.isDryRun) return undefined;
  const found = await findByHost(d, host);
  if (found) return checkKind(found);
  if (registered ? d.options.sku : !parts.service) return undefined;
  throw new Stop(
    `the function app uses the service ${host}, which this subscription does not have`,
    'Say with --service and --service-group which one it shall use'
      + `${registered ? ', or with --sku which tier one of its own gets' : ''}. Nothing was changed.`,
  );
}

async function readForeign(d, id) {
  const found = await d.az.find(rest('get', id), {
    what: 'the service that --service names',
    dry: {
      id,
      name: '<service>',
      kind: 'SocketIO',
      sku: { name: '<sku>', capacity: 1 },
      properties: { hostName: '<service>' },
    },
  });
  if (found) return checkPart('service', id, found);
  throw new Stop(
    `there is no service ${id.split('/').at(-1)} in the group ${groupOf(id)}`,
    '--service names another one, and --service-group the group where it is. Nothing was changed.',
  );
}

export async function findByHost(d, host) {
  const path = `${inSubscription(d.az.subscription)}/providers/${TYPES.service}`;
  const all = await listPages(d, path, { what: 'the services of the subscription' });
  return all.find(({ properties }) => isSame(properties?.hostName, host));
}

/** Capitals in a host's name do not count. */
const isSame = (one, other) => one?.toLowerCase() === other?.toLowerCase();

/** Only serverless Socket.IO sends its events to a function. */
function checkKind(service) {
  const { id, name, kind, properties } = service;
  if (kind !== 'SocketIO') {
    throw new Stop(
      `the service ${name} is of kind ${kind}, and Codestream needs one of kind SocketIO`,
      'The kind of a service cannot be changed: make another one with\n'
        + '  az webpubsub create --kind SocketIO …',
    );
  }
  const mode = properties.socketIO?.serviceMode;
  if (mode !== 'Serverless' && properties.socketIO !== undefined) {
    throw new Stop(
      `the service ${name} is in default mode, and Codestream needs serverless mode`,
      'This changes it; servers that use it in default mode then stop working:\n'
        + `  az resource patch --ids ${id} \\\n`
        + '    --properties \'{"socketIO":{"serviceMode":"Serverless"}}\'',
    );
  }
  return service;
}

/** The service of before, once the app uses another one. */
export async function leaveFormer(d, { registered, parts: { app, service } }) {
  if (!registered || registered.app !== app.name) return;
  if (registered.id.toLowerCase() === service.id.toLowerCase()) return;
  const name = registered.id.split('/').at(-1);
  try {
    const former = await d.az.find(rest('get', registered.id), { what: 'the service of before' });
    if (!former) return;
    d.person.say(`  our hub and our right at the service ${name}, which is used no longer, go`);
    await leaveForeign(d, former, { hub: registered.hub, ...whoIs(app) });
  } catch (error) {
    if (!['forbidden', 'locked'].includes(error.kind)) throw error;
    d.person.say(
      `  our hub ${registered.hub} and the right of ${app.name} at the service ${name} stay, as you may not take them\n`
        + `  away: ask its owner to. Azure says: ${error.message.split('\n')[0]}`,
    );
  }
}

/** By what a service knows an app: where its events go, and who has the right. */
export const whoIs = ({ properties, identity }) => ({
  apiHost: properties.defaultHostName,
  principal: identity?.principalId,
});

/** Takes our hub and our right away from a service that stays. */
export async function leaveForeign(d, service, { hub, apiHost, principal }) {
  const path = `${service.id}/hubs/${hub}`;
  const there = await readHub(d, service, hub);
  const { firstHandlers, ...kept } = keptOfHub(there, apiHost);
  delete kept.ours; // it goes
  const others = [...firstHandlers, ...kept.eventHandlers];
  if (others.length > 0 || !isAsMade(kept)) {
    const properties = { ...kept, eventHandlers: others };
    await d.az.withFile(JSON.stringify({ properties }), (file) =>
      d.az.act(rest('put', path, { body: `@${file}` }), { what: 'our event handler to go' }),
    );
  } else if (there) await d.az.act(rest('delete', path), { what: 'our hub to go' });
  if (principal) await takeRight(d, principal, { role: ROLES.webPubSubServiceOwner, scope: service.id });
}
