#!/usr/bin/env node
// Puts Codestream into Azure: `infra/deploy.mjs --help`.
//
// Safe to run again, and to be killed: everything is read before anything is changed, a step makes
// what is missing and leaves the rest as it is, and what has begun in Azure is waited for. What a
// second run changes is the list CHANGES in deployment/plan.mjs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { groupOf, TYPES } from './deployment/arm.mjs';
import { changeApp, isMoving, switchPasswordsOff, tellCopies } from './deployment/app.mjs';
import { changeOrigins, changeSettings, patchService, whenFinished, wasSetUp } from './deployment/change.mjs';
import { checkByClient } from './deployment/client.mjs';
import { checkRegion, decide, whoStarts } from './deployment/decide.mjs';
import { deploy, DEPLOYMENTS, needOutputs } from './deployment/deployments.mjs';
import { DRY } from './deployment/dry.mjs';
import { StillActive, Stop } from './deployment/errors.mjs';
import { leaveFormer } from './deployment/foreign.mjs';
import { readHub } from './deployment/hubs.mjs';
import { keepTexts, keptDays } from './deployment/keep.mjs';
import { addresses, clientAddress, lookAround } from './deployment/look.mjs';
import { readOptions } from './deployment/options.mjs';
import { publishPackage, waitForHandler } from './deployment/package.mjs';
import { publishPage } from './deployment/page.mjs';
import { main } from './deployment/person.mjs';
import { poll } from './deployment/poll.mjs';
import { giveRights, takePageAway, takeUploads } from './deployment/rights.mjs';
import { BUILD } from './deployment/places.mjs';
import { needWhole } from './deployment/release.mjs';
import { functionKeyOf, insightsBefore, keptOfHub, usesIdentity } from './deployment/plan.mjs';
import { shown } from './deployment/shown.mjs';
import { USAGE } from './deployment/usage.mjs';

const TAG = 'application=codestream';
const OUTPUTS = [
  'functionApp',
  'api',
  'webPubSub',
  'service',
  'storage',
  'host',
  'page',
  'hub',
  'insights',
];
const MIN_AZ = [2, 60];
/** One answer could be an instance of before, which does not know yet that it is over. */
const PROOF_ANSWERS = 3;
/** So long Azure may tell the function key of before. */
const KEY_MS = 5 * 60_000;
/** All three resources that the whole run asks tokens for, spelt as az asks for them later. */
const RESOURCES = [undefined, 'https://appservice.azure.com', 'https://storage.azure.com'];

/** Flex Consumption came to az with 2.60. */
function needRecentAz(version) {
  const [major, minor] = String(version).split('.').map(Number);
  if (!(major >= 0 && minor >= 0)) throw new Stop(`az does not tell its version: ${version}`);
  if (major < MIN_AZ[0] || (major === MIN_AZ[0] && minor < MIN_AZ[1])) {
    throw new Stop(`az ${version} is too old, ${MIN_AZ.join('.')} or newer is needed`);
  }
}

async function check(d) {
  const { az, person, options, places } = d;
  person.begin('Checking what is needed');
  const files = [places.zip, join(places.page, 'index.html'), ...(options.noDoctor ? [] : [places.check])];
  if (places.release) await needWhole(places.release);
  for (const file of person.isDryRun ? [] : files) {
    if (!existsSync(file)) throw new Stop(`${file} is missing${places.release ? '' : `: ${BUILD}`}`);
  }
  needRecentAz((await az.read(['version'], { dry: { 'azure-cli': '2.60' } }))['azure-cli']);
  const which = options.subscription ? ['--subscription', options.subscription] : [];
  const account = await az.read(['account', 'show', ...which, '--query', '{id: id, name: name}'], {
    dry: DRY.account,
  });
  if (!account.id) throw new Stop('az does not tell which subscription it uses');
  az.subscription = account.id;
  person.say(`  subscription: ${account.name}`);
  // The tokens stay with az. Later, a sign-in of GitHub's, which lasts minutes, may be over.
  for (const resource of RESOURCES) {
    await az.read(
      [
        'account',
        'get-access-token',
        ...(resource ? ['--resource', resource] : []),
        '--query',
        'expiresOn',
      ],
      { what: 'a token', dry: '' },
    );
  }
}

/** A region is needed, and the group is made, where there is none yet. */
async function makeGroup(d) {
  const {
    az,
    person,
    options: { group, location },
  } = d;
  person.begin(`Resource group ${group}`);
  const there = await az.find(['group', 'show', '--name', group], {
    dry: person.isDryRun ? DRY.group : undefined,
  });
  if (there?.properties?.provisioningState === 'Deleting') {
    throw new StillActive(
      `the group ${group} is being deleted`,
      'Run the same command again when it is gone.',
    );
  }
  if (there && !person.isDryRun) return there;
  if (!location && !person.isDryRun) {
    throw new Stop(
      `there is no resource group ${group} yet: say where to make it, with --location`,
      'The names of the regions: az functionapp list-flexconsumption-locations --output table',
    );
  }
  // Making a group that is there would take its tags away.
  if (await az.read(['group', 'exists', '--name', group], { dry: false })) {
    throw new Stop(
      `Azure says that the group ${group} is there, and that it is not`,
      'Run this again.',
    );
  }
  const place = location ?? '<location>';
  await checkRegion(d, place);
  await az.act(['group', 'create', '--name', group, '--location', place, '--tags', TAG], {
    what: `the group ${group} to be made`,
  });
  return { location: place };
}

const isWhole = ({ parts, last }) =>
  Object.keys(TYPES).every((part) => parts[part])
  && last?.provisioningState !== 'Failed'
  && last?.provisioningState !== 'Canceled';

/** Where the service is, for the templates, if it is not one that they make. */
function serviceOf({ parts: { service }, isForeign }) {
  return isForeign ? { webPubSub: service.name, serviceGroup: groupOf(service.id) } : {};
}

/** Makes what is missing, and looks again. */
async function makeResources(d, facts, choice) {
  if (isWhole(facts) && !d.person.isDryRun) return facts;
  d.person.begin('Service, storage, function app and logs (some minutes)');
  const { app } = facts.parts;
  const word = choice.word ? { CODESTREAM_WRITERS: choice.word } : {};
  // A dry run shows all of it.
  const make = Object.keys(TYPES).filter((part) => d.person.isDryRun || !facts.parts[part]);
  const outputs = await deploy(d, {
    name: DEPLOYMENTS.main,
    template: d.places.main,
    what: 'the deployment of the resources',
    parameters: {
      name: d.options.name,
      ...(facts.unique ? { unique: facts.unique } : {}),
      location: choice.location,
      make,
      insightsBefore: insightsBefore(facts.last, make),
      // A first deployment may have failed before it came to the settings.
      isNew: d.person.isDryRun || !app || (!facts.hadApp && !wasSetUp(facts.settings)),
      sku: choice.tier.sku,
      units: choice.tier.units,
      identity:
        app && !d.person.isDryRun
          ? usesIdentity({}, facts.settings, facts.parts.service)
          : choice.identity,
      hub: choice.hub,
      ...(d.options.memory ? { memory: d.options.memory } : {}),
      ...serviceOf(facts),
      origins: d.options.origins,
    },
    secrets: {
      secret: choice.secret,
      extraSettings: app ? {} : { ...d.options.settings, ...word },
      kept: {
        settings: Object.entries(facts.settings ?? {}).map(([name, value]) => ({ name, value })),
        origins: facts.cors?.allowedOrigins ?? [],
      },
    },
  });
  if (d.person.isDryRun) return facts;
  needOutputs(outputs, OUTPUTS);
  const now = await lookAround(d);
  if (!isWhole(now))
    throw new Stop('the deployment has succeeded, but not all of it can be seen yet');
  return now;
}

/** A higher tier first, so that all that follows has it. */
async function changeTier(d, service, tier) {
  if (!tier.isChanged && !(d.person.isDryRun && (d.options.sku || d.options.units))) return service;
  d.person.begin(`Service: ${tier.sku}, ${tier.units === 1 ? '1 unit' : `${tier.units} units`}`);
  if (tier.warning) d.person.say(tier.warning);
  return patchService(
    d,
    service,
    { sku: { name: tier.sku, capacity: tier.units } },
    ({ sku }) => sku?.name === tier.sku && sku.capacity === tier.units,
  );
}

function switchKeys(d, service, isOff) {
  return patchService(
    d,
    service,
    { properties: { disableLocalAuth: isOff } },
    ({ properties }) => properties.disableLocalAuth === isOff,
  );
}

const KEYS_OFF =
  '  The access keys of the service are off, and the function app has one, so nobody can connect.\n'
  + '  That stays, as no option says otherwise: --identity does without, --access-key switches them on.';

const areKeysOff = (service) => service.properties.disableLocalAuth === true;

/** @returns the settings of the app, as they are then */
async function configure(d, facts, choice, page) {
  d.person.begin('Rights, settings and origins of the function app');
  const { app, storage, host } = facts.parts;
  await giveRights(d, facts, choice.identity);
  await changeOrigins(d, facts, page);
  await tellCopies(d, [storage, host]);
  if (isMoving(facts)) {
    d.person.say(`  packages and host keys move from ${storage.name} to ${host.name}`);
    await switchPasswordsOff(d, app);
  }
  const keeps = await keepTexts(d, facts);
  const settings = await changeSettings(d, { ...facts, keeps }, { ...choice, units: choice.tier.units });
  await changeApp(d, facts.parts);
  if (choice.word) tellWord(d, app.name, choice.word);
  return settings;
}

function tellWord({ person, options }, app, word) {
  if (person.isTerminal) person.say(`  the word for writers, which is shown this once: ${word}`);
  person.say(
    `  to read the word for writers:\n    az functionapp config appsettings list --resource-group `
      + `${options.group} --name ${app} \\\n      --query "[?name=='CODESTREAM_WRITERS'].value | [0]" --output tsv`,
  );
}

/**
 * The hub sends events to the function, with its key. A host that has moved makes new keys once it has
 * started anew: until then Azure may still tell the old one.
 *
 * @returns the object id of whoever deploys
 */
async function registerEvents(d, facts, { hub }) {
  const { app, service } = facts.parts;
  d.person.begin(`Hub ${hub} with its event handler`);
  const apiHost = app.properties.defaultHostName;
  let there = await readHub(d, service, hub);
  const oldKey = functionKeyOf(there, apiHost);
  const isNewWanted = isMoving(facts) && oldKey && !d.person.isDryRun;
  const seen = await poll(d, { what: 'the new function key', limitMs: KEY_MS }, async () => {
    const outputs = await writeHub(d, facts, hub, there);
    if (!isNewWanted) return outputs;
    there = await readHub(d, service, hub);
    return functionKeyOf(there, apiHost) === oldKey ? undefined : outputs;
  });
  if (seen) return seen.deployer;
  throw new Stop(
    'the host has moved, and its function key is still the one of before',
    'Run the same command again in some minutes: it writes the key into the hub.',
  );
}

function writeHub(d, { parts: { app, service, storage }, ...facts }, hub, there) {
  const apiHost = app.properties.defaultHostName;
  d.az.hide(
    ...(there?.properties?.eventHandlers ?? []).map(
      ({ urlTemplate }) => /[?&]code=([^&]+)/.exec(urlTemplate)?.[1],
    ),
  );
  return deploy(d, {
    name: DEPLOYMENTS.hub,
    template: d.places.hub,
    what: 'the deployment of the hub',
    parameters: {
      functionApp: app.name,
      webPubSub: service.name,
      hub,
      storage: storage.name,
      ...serviceOf({ parts: { service }, ...facts }),
    },
    secrets: { kept: keptOfHub(there, apiHost) },
  });
}

const LOG_HINT = (group, app) => `What the host says is in the log, some minutes late:
  az rest --method post --resource https://api.loganalytics.io --query 'tables[0].rows[]' \\
    --url "https://api.loganalytics.io/v1/workspaces/$(az monitor log-analytics workspace show \\
      --resource-group ${group} --workspace-name ${app} --query customerId --output tsv)/query" \\
    --body '{"query": "AppTraces | order by TimeGenerated desc | take 50 | project Message"}'`;

const GO_BACK =
  '\nThe right to speak to the service may be too new: run the same command again in ten minutes. Until\n'
  + 'then --access-key goes back; the keys are still on.';

const LEFT_BEHIND = (account) =>
  `  What the host had in ${account} is of no use any more. To delete it:\n`
  + `    az storage container delete --account-name ${account} --auth-mode login --name packages\n`
  + '  and the same for the containers whose names begin with azure-webjobs-.';

async function dropUpload(d, storage, deployer) {
  d.person.begin('The right to upload the page goes');
  const count = await takeUploads(d, storage.id, deployer);
  if (count === 0) d.person.say('  it was not given by this program, and stays');
}

/** The page is not built where nothing is, which a dry run does not mind. */
async function putPage(d, facts, { api, service, page, settings }) {
  d.person.begin(`Page to ${page}`);
  if (d.person.isDryRun && !existsSync(join(d.places.page, 'index.html'))) {
    d.person.say(`the page is not built yet, so its files are not known: ${BUILD}`);
    return;
  }
  const addressesOf = d.person.isDryRun
    ? { api: 'https://api.invalid', service: 'https://service.invalid' }
    : { api, service };
  const keepDays = await keptDays(d, facts, settings);
  const account = facts.parts.storage.name;
  const { group } = d.options;
  await publishPage(d, { dist: d.places.page, account, group, page, keepDays, ...addressesOf });
}

async function run(d) {
  const { person, options } = d;
  await check(d);
  const group = await makeGroup(d);
  person.begin('What is there already');
  const before = await lookAround(d);
  const choice = await decide(d, group, before);
  const facts = await makeResources(d, before, choice);
  const { parts } = facts;
  const { app } = parts;
  parts.service = await changeTier(d, await whenFinished(d, parts.service), choice.tier);
  const { api, service, page } = addresses(facts);
  const isOff = !facts.isForeign && areKeysOff(parts.service);
  const isBack =
    options.identity === false && !facts.isForeign && (isOff || person.isDryRun);
  if (!choice.identity && isOff && !isBack) person.say(KEYS_OFF);
  if (isBack) parts.service = await switchKeys(d, parts.service, false);
  const wasByIdentity = facts.isForeign && usesIdentity({}, facts.settings);
  const settings = await configure(d, facts, choice, page);
  person.begin(`Handler to ${app.name}`);
  await publishPackage(d, app);
  const isSwitched = choice.identity && !areKeysOff(parts.service) && !wasByIdentity;
  person.begin(
    `Waiting until ${api}/negotiate answers (five minutes at most)`,
    `${LOG_HINT(options.group, app.name)}${isSwitched ? GO_BACK : ''}`,
  );
  await waitForHandler(d, { api, answers: isSwitched ? PROOF_ANSWERS : 1, isProof: isSwitched });
  if (isSwitched && !facts.isForeign) {
    person.begin('Access keys of the service off');
    await switchKeys(d, parts.service, true);
  }
  await leaveFormer(d, facts);
  const deployer = await registerEvents(d, facts, choice);
  await takePageAway(d, facts, settings);
  if (isMoving(facts)) person.say(LEFT_BEHIND(parts.storage.name));
  await putPage(d, facts, { api, service: clientAddress(settings, service), page, settings });
  if (options.dropsUpload) await dropUpload(d, parts.storage, deployer);
  const unseen = await checkByClient(d, { api, page, settings });
  person.begin('');
  person.say(`Codestream is at ${page}/`);
  person.say(`  function app ${app.name} at ${api}, service ${parts.service.name} at ${service}`);
  person.say(`  ${whoStarts(d, facts, choice)}`);
  person.say(`  check it (docs/troubleshooting.md): ${shown([...d.places.commands.doctor, api, '--page', page])}`);
  if (unseen) person.say(`  not seen: ${unseen}`);
}

export const DEPLOY = {
  name: 'deploy.mjs',
  usage: USAGE,
  read: readOptions,
  body: run,
  goesOn: 'Then run the same command again: what is done stays done.',
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main(DEPLOY);
