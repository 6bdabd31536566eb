// What breaks deployments, as infra/doctor.mjs has to tell it: how each fault is made between the
// stand-ins, and what the line of its cause says. Any of them can be there together.
import {
  behindProxy, CONNECTION, FUNCTION_KEY, inFrontOf, withDeployment,
} from './deployment.js';
import { diagnose } from './doctor.js';
import { connectionString } from './handler.js';
import { startIdentityEndpoint } from './identity-endpoint.js';

const OLD_KEY = 'the-access-key-from-before-the-rotation-0123456789';
const TEN_MINUTES_MS = 10 * 60_000;
const withOldKey = ({ endpoint }) => ({ [CONNECTION]: connectionString(endpoint, OLD_KEY) });
const ENDPOINT = `${CONNECTION}__endpoint`;

/**
 * handler, doctor: changes to their settings, or functions (service, identity) => changes; event and
 * host as in deployment.js; service: its options; clients: the status with which the service refuses them; clockOffMs: of
 * the function app; deaths: how often the handler may end; says: the cause.
 */
export const FAULTS = {
  'key rotated': {
    handler: withOldKey, doctor: withOldKey, says: /service refuses our token.*Web PubSub, Keys/,
  },
  'hub misspelt': {
    handler: { CODESTREAM_HUB: 'codestraem' }, says: /another hub: \S*codestraem.*CODESTREAM_HUB/,
  },
  'handler\'s URL wrong': {
    event: ({ url }) => ({ urlTemplate: `${url}/eventhandlers?code=${FUNCTION_KEY}` }),
    says: /URL template leads to no event handler.*az webpubsub hub update/,
  },
  'function key changed': {
    event: ({ url }) => ({ urlTemplate: `${url}/eventhandler?code=key-of-before` }),
    says: /\?code= is not the present function key.*az functionapp function keys list/,
  },
  'default mode': {
    service: { serviceMode: 'default' },
    says: /no session.*default mode, where it waits for a server.*az resource patch .*Serverless/,
  },
  'tier full': { clients: 429, says: /as many are there as its tier allows.*Scale/ },
  'clock off': { clockOffMs: TEN_MINUTES_MS, says: /clock of the function app is \d+ s ahead/ },
  'CORS missing': { host: { cors: [] }, says: /may not call negotiate from.*Function App, CORS/ },
  'identity without role': {
    handler: (service, identity) => ({
      [CONNECTION]: undefined, [ENDPOINT]: service.endpoint, ...identity.env,
      CODESTREAM_SECRET: 's'.repeat(32),
    }),
    doctor: ({ endpoint }) => ({ [CONNECTION]: undefined, [ENDPOINT]: endpoint }),
    says: /identity had no role.*Web PubSub Service Owner/,
  },
  'settings gone': {
    handler: { [CONNECTION]: undefined }, host: { patient: true }, deaths: 3,
    says: /a setting is missing or wrong.*az functionapp config appsettings list/,
  },
  'page of another API': {
    api: 'https://other.example', says: /page calls another function app: https:\/\/other\.example/,
  },
  'host not starting': {
    host: { executable: '/no/such/program', patient: true },
    says: /the handler does not start.*Failed to start Worker Channel/,
  },
};

/** A deployment with these faults, and what the doctor says of it. */
export async function diagnoseFaults(names) {
  const faults = names.map((name) => FAULTS[name]);
  const identity = await startIdentityEndpoint();
  const merge = (key, ...given) => Object.assign({}, ...faults.map(({ [key]: change = {} }) =>
    (typeof change === 'function' ? change(...given) : change)));
  const { clients } = merge('clients') && Object.assign({}, ...faults);
  const { clockOffMs, api } = Object.assign({}, ...faults);
  const options = {
    api,
    service: merge('service'),
    host: merge('host'),
    handler: (service) => merge('handler', service, identity),
    event: (host) => merge('event', host),
  };
  const around = clients
    ? (check) => behindProxy({ refuse: (path) => path.startsWith('/clients/') && clients }, options, check)
    : (check) => withDeployment(options, check);
  let report;
  try {
    await around(async (app) => {
      app.deathsMeant = Math.max(...faults.map(({ deaths = 0 }) => deaths));
      const settings = merge('doctor', app.service);
      if (!clockOffMs) report = await diagnose(app, { settings });
      else {
        await inFrontOf(app, { clockOffMs }, async ({ url }) => {
          // The page is asked for by its own address where it calls somebody else anyhow.
          const args = api ? ['--page', app.page] : undefined;
          report = await diagnose(app, { url, settings, args });
        });
      }
    });
  } finally {
    await identity.close();
  }
  return report;
}
