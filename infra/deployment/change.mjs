// Changes of what is there (plan.mjs says which, and why): the service by PATCH, settings and origins of
// the function app.
import { rest } from './arm.mjs';
import { HOST_ACCOUNT, isHostIn, planOrigins, planSettings, secretsOf } from './plan.mjs';
import { StillActive, Stop } from './errors.mjs';
import { checkPart } from './found.mjs';
import { poll, seconds } from './poll.mjs';

const INSIGHTS = 'APPLICATIONINSIGHTS_CONNECTION_STRING';
const FINAL = ['Succeeded', 'Failed', 'Canceled'];
const OWN_SETTINGS = /^(CODESTREAM_|AzureWebJobsStorage__accountName$|WebPubSubForSocketIO)/;

/** The service, once Azure has done with it what was asked before, well or not. */
export async function whenFinished(d, service) {
  const limitMs = d.options.waitMs;
  const now = await poll(d, { what: 'the service, which is being changed', limitMs }, async () => {
    const dry = service;
    const read = await d.az.read(rest('get', service.id), { what: 'the service', dry });
    const seen = d.person.isDryRun ? read : checkPart('service', service.id, read);
    const state = seen.properties?.provisioningState ?? 'Succeeded';
    return FINAL.includes(state) || d.person.isDryRun ? seen : undefined;
  });
  if (now) return now;
  throw new StillActive(
    `Azure is still changing the service ${service.name} after ${seconds(limitMs)}`,
    'Run the same command again: it waits for it.',
  );
}

/** Changes the service, and waits for it; what is not in `body` stays. */
export async function patchService(d, service, body, isDone) {
  await whenFinished(d, service);
  const patch = rest('patch', service.id, { body: JSON.stringify(body) });
  await d.az.act(patch, { what: 'the change of the service' });
  const now = await whenFinished(d, service);
  const isWell = now.properties?.provisioningState === 'Succeeded' && isDone(now);
  if (!isWell && !d.person.isDryRun) {
    throw new Stop(
      `Azure has not made the change of the service ${service.name}`,
      'Run the same command again. The activity log of the service in the portal says why.',
    );
  }
  return now;
}

/** Changes the settings, and returns all of them as they are then. */
export async function changeSettings(d, facts, { secret, word, units, identity, hub }) {
  const { app, service, insights, host: account } = facts.parts;
  const present = facts.settings;
  const keys = identity ? undefined : await readKeys(d, service);
  const options = word
    ? { ...d.options, settings: { ...d.options.settings, CODESTREAM_WRITERS: word } }
    : d.options;
  const needed = await neededSettings(d, present, { account, insights, hub });
  const renewed = { ...(await renewedInsights(d, facts)), ...movedHost(facts), ...facts.keeps };
  const host = service.properties.hostName;
  const plan = planSettings({ present, needed, renewed, options, secret, units, identity, host, keys });
  if (plan.changed.length === 0) return plan.settings;
  d.person.say(`  settings that change: ${plan.changed.join(', ')}`);
  d.az.hide(...secretsOf(plan.settings));
  await d.az.withFile(JSON.stringify({ properties: plan.settings }), (file) =>
    d.az.act(rest('put', `${app.id}/config/appsettings`, { body: `@${file}` }), {
      what: 'the settings of the function app',
    }),
  );
  return plan.settings;
}

/** What the handler and its host cannot do without; what stands there, whatever it is, stays. */
async function neededSettings(d, present, { account, insights, hub }) {
  const names = Object.keys(present);
  const needed = { CODESTREAM_HUB: hub };
  if (!names.some((name) => name.startsWith('AzureWebJobsStorage'))) {
    needed[HOST_ACCOUNT] = account.name;
    needed.AzureWebJobsStorage__credential = 'managedidentity';
  }
  if (!names.some((name) => /^(APPLICATIONINSIGHTS_CONNECTION_STRING|APPINSIGHTS_)/.test(name))) {
    needed[INSIGHTS] = await insightsString(d, insights);
    needed.APPLICATIONINSIGHTS_AUTHENTICATION_STRING = 'Authorization=AAD';
  }
  return needed;
}

/** Before the host had an account of its own it used that of the page. */
function movedHost({ settings, parts: { storage, host } }) {
  return isHostIn(settings, storage) ? { [HOST_ACCOUNT]: host.name } : {};
}

async function insightsString(d, insights) {
  const read = await d.az.read(rest('get', insights.id), {
    what: 'Application Insights',
    dry: { properties: { ConnectionString: '<connection string of Application Insights>' } },
  });
  const text = read?.properties?.ConnectionString;
  if (!text) throw new Stop('az answered without the connection string of Application Insights');
  return text;
}

/**
 * The string of an Application Insights that has gone is replaced by that of the one that was made
 * instead. Any other string stays, wherever its Insights is: it may be in another subscription.
 */
async function renewedInsights(d, { settings, last, parts: { insights } }) {
  const key = instrumentationKey(settings[INSIGHTS]);
  const made = last?.parameters?.make?.value ?? [];
  const isGone = key && key === last?.parameters?.insightsBefore?.value;
  if (!isGone && !(key && made.includes('insights') && !made.includes('app'))) return {};
  const string = await insightsString(d, insights);
  if (isGone) return { [INSIGHTS]: string };
  if (instrumentationKey(string) !== key) d.person.say(OTHER_INSIGHTS(d.options.group, insights.name));
  return {};
}

const OTHER_INSIGHTS = (group, app) =>
  `  ${INSIGHTS} names an Application Insights that is not ${app}, and stays.\n`
  + '  If that one has gone, take the setting away, and run the same command again:\n'
  + `    az functionapp config appsettings delete --resource-group ${group} --name ${app} \\\n`
  + `      --setting-names ${INSIGHTS}`;

const instrumentationKey = (text) => /(?:^|;)InstrumentationKey=([^;]+)/i.exec(text ?? '')?.[1];

async function readKeys(d, service) {
  const keys = await d.az.read(rest('post', `${service.id}/listKeys`), {
    what: 'the keys of the service',
    dry: { primaryConnectionString: '<connection string of the service>' },
  });
  if (!keys.primaryConnectionString) throw new Stop('az answered without the keys of the service');
  d.az.hide(...Object.values(keys));
  return keys;
}

/** Who may call negotiate: a PATCH of that alone, since Flex Consumption refuses all else. */
export async function changeOrigins(d, { parts: { app }, cors }, page) {
  const origins = planOrigins(cors.allowedOrigins, page, d.options);
  if (!origins) return;
  const body = { properties: { cors: { ...cors, allowedOrigins: origins } } };
  await d.az.act(rest('patch', `${app.id}/config/web`, { body: JSON.stringify(body) }), {
    what: 'the origins of the function app',
  });
}

/** Has the app ever had settings of ours? */
export const wasSetUp = (settings) => Object.keys(settings).some((name) => OWN_SETTINGS.test(name));
