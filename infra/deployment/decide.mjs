// What a run of deploy.mjs decides once it has seen what is there, and before it changes anything:
// where, which tier, which secret, whether there shall be a word for writers. It asks Azure what
// would fail later otherwise, and a person what only a person can know.
import { randomBytes } from 'node:crypto';

import { inSubscription, region, rest } from './arm.mjs';
import { wasSetUp } from './change.mjs';
import { Stop } from './errors.mjs';
import { chooseLocation } from './found.mjs';
import { asList } from './pages.mjs';
import { chooseTier, freeServicesLeft, secretsOf, usesIdentity } from './plan.mjs';

const WORD_BYTES = 15;
const SECRET_BYTES = 32;
const WORD = 'CODESTREAM_WRITERS';
const QUESTION = `Who may start a stream? Without a word for writers anybody who can open the page may, at
your expense. With one, the page asks whoever starts a stream for it; viewers never need it.
Make a word for writers? [Y/n] `;

/** A place without Flex Consumption is refused; each is asked for once. */
export async function checkRegion(d, location) {
  if (d.checkedRegion === location) return;
  d.checkedRegion = location;
  const places = await d.az.read(['functionapp', 'list-flexconsumption-locations'], {
    what: 'the regions that have Flex Consumption',
    dry: [],
  });
  const names = asList(places, 'the regions that have Flex Consumption').map(({ name }) => region(name));
  if (names.length > 0 && !names.includes(location)) {
    throw new Stop(
      `${location} has no Flex Consumption`,
      `These have it: ${names.sort().join(', ')}`,
    );
  }
}

/** @returns all that is decided: location, tier, secret, word, identity, hub */
export async function decide(d, group, facts) {
  const { options, person } = d;
  const { service, app } = facts.parts;
  const ours = { ...facts.parts, ...(facts.isForeign ? { service: facts.own } : {}) };
  const found = Object.fromEntries(Object.entries(ours).filter(([, part]) => part));
  const location = chooseLocation(options.location, found, group.location);
  if (!service && facts.hadApp && !options.sku) {
    throw new Stop(
      'there was a service, which is gone',
      'Say with --sku which tier the new one '
        + 'gets: without it, it would be the free one.\nNothing was changed.',
    );
  }
  const hub = chooseHub(options, facts);
  if (facts.isForeign) checkForeign(options, service);
  if (facts.isForeign) await checkHub(d, facts, hub);
  const tier = chooseTier(options, service);
  if (!app) await checkRegion(d, location);
  if (tier.sku === 'Free_F1' && (!service || tier.isChanged)) await checkQuota(d, location);
  const secret = person.isDryRun ? '<secret>' : chooseSecret(options, facts);
  const word = await chooseWord(d, facts);
  d.az.hide(secret, word, ...secretsOf(options.settings));
  return {
    location,
    tier,
    secret,
    word,
    identity: usesIdentity(options, facts.settings, service),
    hub,
  };
}

/** What is not ours to change of a service that was there before. */
function checkForeign(options, service) {
  if (options.sku || options.units) {
    throw new Stop(
      `the tier of ${service.name}, which was there before, is yours to change`,
      'Leave --sku and --units out. Nothing was changed.',
    );
  }
  if (options.identity === false && service.properties.disableLocalAuth) {
    throw new Stop(
      `the access keys of ${service.name} are off, and it is yours to switch them on`,
      'Use --identity. Nothing was changed.',
    );
  }
}

/** The hub that there is; its name is chosen once. */
function chooseHub({ hub }, { settings }) {
  const there = settings?.CODESTREAM_HUB;
  if (!there || !hub || hub === there) return there ?? hub ?? 'codestream';
  throw new Stop(
    `the hub of this deployment is ${there}, and cannot become ${hub}`,
    'Make another deployment, with --name. Nothing was changed.',
  );
}

/** Two deployments in one hub would take each other's events. */
async function checkHub(d, { parts: { service, app }, settings }, hub) {
  const there = await d.az.find(rest('get', `${service.id}/hubs/${hub}`), { what: 'the hub' });
  const host = app?.properties.defaultHostName;
  const other = (there?.properties?.eventHandlers ?? []).find(
    ({ urlTemplate }) =>
      /\/eventhandler\?code=/.test(urlTemplate) && !urlTemplate.startsWith(`https://${host}/`),
  );
  if (!other) return;
  throw new Stop(
    `the hub ${hub} of ${service.name} is another deployment's: its events go to `
      + other.urlTemplate.split('?')[0],
    settings?.CODESTREAM_HUB
      ? 'This deployment has its hub already: make another one, with --name. Nothing was changed.'
      : 'Choose another name: --hub NAME. Nothing was changed.',
  );
}

/** The free services of a subscription are counted; that one is too many is said before. */
async function checkQuota(d, location) {
  const provider = `${inSubscription(d.az.subscription)}/providers/Microsoft.SignalRService`;
  const usages = await d.az
    .find(rest('get', `${provider}/locations/${location}/usages`), {
      what: 'how many free services there are',
    })
    .catch(() => undefined); // Azure tells later
  if (freeServicesLeft(usages) <= 0) {
    throw new Stop(
      `the subscription has all the free services that it may have in ${location}`,
      'Delete one, or choose another tier: --sku Standard_S1',
    );
  }
}

/** The one that there is; a new one only where there never was an app, or if it is asked for. */
function chooseSecret({ secret, newSecret }, { parts: { app }, settings, hadApp }) {
  const made = () => randomBytes(SECRET_BYTES).toString('hex');
  if (secret) return secret;
  if (newSecret) return made();
  if (settings?.CODESTREAM_SECRET) return settings.CODESTREAM_SECRET;
  if (!hadApp && !(app && wasSetUp(settings))) return made();
  const what = app
    ? `the setting CODESTREAM_SECRET of ${app.name} is gone`
    : 'there was a function app, which is gone, and its secret with it';
  throw new Stop(
    what,
    'Set the environment variable CODESTREAM_SECRET to the one of before. With a '
      + 'new one,\n--new-secret, writers cannot go on in their rooms, and start new ones. Nothing was '
      + 'changed.',
  );
}

/** A new word, if one is asked for; a person at a terminal is asked, for a new app. */
async function chooseWord({ person, options }, { parts: { app }, settings }) {
  const isNew = !app || !wasSetUp(settings);
  const isDecided =
    options.writers || WORD in options.settings || !isNew || person.isDryRun || !person.isTerminal;
  const isWanted = options.writers || (!isDecided && !/^n/i.test(await person.ask(QUESTION)));
  return isWanted ? randomBytes(WORD_BYTES).toString('base64url') : undefined;
}

/** Who may start a stream, once all this is done, in words. */
export function whoStarts({ options }, { settings }, { word }) {
  const isSet = word || { ...settings, ...options.settings }[WORD];
  return isSet && !options.removedSettings.includes(WORD)
    ? 'a stream is started by whoever knows the word for writers'
    : 'a stream is started by anybody who can open the page: --writers makes a word for writers';
}
