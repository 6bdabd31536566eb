#!/usr/bin/env node
// Removes from Azure what deploy.mjs put there: `infra/destroy.mjs --help`.
import { pathToFileURL } from 'node:url';

import { inGroup, isType, rest, TYPES } from './deployment/arm.mjs';
import { DEPLOYMENTS, waitWhileActive } from './deployment/deployments.mjs';
import { StillActive, Stop } from './deployment/errors.mjs';
import { findByHost, hostOf, leaveForeign, registeredAt, whoIs } from './deployment/foreign.mjs';
import { checkCount, checkGroup, parse } from './deployment/options.mjs';
import { isNameOfOurs } from './deployment/found.mjs';
import { asList } from './deployment/pages.mjs';
import { main } from './deployment/person.mjs';
import { takeUploads } from './deployment/rights.mjs';
import { poll, seconds } from './deployment/poll.mjs';

const USAGE = `usage: infra/destroy.mjs [--resource-group GROUP] [--yes] [--dry-run]

Deletes the resource group that infra/deploy.mjs made, with everything in it: the service, the
function app, the page, and the logs, for good, so that their name can be used again at once. It
lists what is in the group and asks before it deletes. A group that deploy.mjs did not make is left
alone; of a service that was there before (--service) only our hub and our right go.

  --resource-group GROUP   (codestream)
  --subscription NAME      or its id (the one that \`az account show\` names)
  --yes                    do not ask
  --wait MINUTES           how long Azure may take (30)
  --dry-run                print the commands, run none
  --help                   this text

Exit status: 0 gone, 1 failed, 2 wrong options, 3 still active in Azure.
`;

const FLAG = { type: 'boolean', default: false };
const TEXT = { type: 'string' };

function readOptions(argv) {
  const values = parse(argv, {
    'resource-group': TEXT,
    subscription: TEXT,
    wait: TEXT,
    yes: FLAG,
    'dry-run': FLAG,
    help: { ...FLAG, short: 'h' },
  });
  return {
    group: checkGroup(values['resource-group'] ?? 'codestream'),
    subscription: values.subscription,
    isSure: values.yes,
    waitMs: 60_000 * checkCount('wait', values.wait ?? '30'),
    isDryRun: values['dry-run'],
    help: values.help,
  };
}

async function signIn({ az, options: { subscription } }) {
  const which = subscription ? ['--subscription', subscription] : [];
  const account = await az.read(['account', 'show', ...which, '--query', '{id: id, name: name}'], {
    dry: { id: '<subscription>', name: '<subscription>' },
  });
  if (!account.id) throw new Stop('az does not tell which subscription it uses');
  az.subscription = account.id;
  return account.name;
}

/** The group; undefined only where Azure says in two ways that there is none. */
async function showGroup({ az, options: { group } }) {
  const found = await az.find(['group', 'show', '--name', group], {
    what: `the group ${group}`,
    dry: { tags: { application: 'codestream' } },
  });
  if (found) return found;
  if ((await az.read(['group', 'exists', '--name', group])) === false) return undefined;
  throw new Stop(`Azure says that the group ${group} is there, and that it is not`, 'Run this again.');
}

const isDeleting = (group) => group.properties?.provisioningState === 'Deleting';

/** Whether it is ours to delete, and whether the person wants it. */
async function consent({ az, person, options }, group, subscription) {
  if (group.tags?.application !== 'codestream') {
    throw new Stop(
      `deploy.mjs did not make ${options.group}: it has no tag application=codestream`,
      'Other things may be in it. Delete by hand what carries that tag:\n'
        + `  az resource list --resource-group ${options.group} --output table \\\n`
        + '    --query "[?tags.application==\'codestream\'].{name: name, type: type}"\n'
        + 'If the group is yours and only its tag has gone: az tag update --operation merge \\\n'
        + `  --tags application=codestream --resource-id ${group.id}`,
    );
  }
  const what = 'the list of resources';
  const list = ['resource', 'list', '--resource-group', options.group];
  const resources = asList(await az.read(list, { what, dry: [] }), what);
  person.say(`Resource group ${options.group} of the subscription ${subscription} holds:`);
  for (const { type, name, tags } of resources) {
    const mark = tags?.application === 'codestream' ? '' : '   (deploy.mjs did not make this)';
    person.say(`  ${type}  ${name}${mark}`);
  }
  if (options.isSure || options.isDryRun) return resources;
  if (!person.isTerminal) throw new Stop('nobody can be asked here: --yes deletes without asking');
  const typed = await person.ask(
    'All of it is deleted for good. Type the name of the group to go on: ',
  );
  if (typed !== options.group) throw new Stop('Nothing was deleted.');
  return resources;
}

/** Our hub and our right at services that were there before go first. */
async function leaveServices(d, scope, resources, last) {
  const places = await findPlaces(d, resources, last);
  const inside = places.find(({ service: { id } }) => `${id}/`.toLowerCase().startsWith(`${scope}/`.toLowerCase()));
  if (inside) {
    throw new Stop(
      `the service ${inside.service.name} is in this group, and deploy.mjs did not make it`,
      'Move it elsewhere first (az resource move), or delete the group by hand.',
    );
  }
  for (const { service, ...ours } of places) {
    d.person.say(`Our hub and our right at the service ${service.name}, which stays`);
    await leaveForeign(d, service, ours);
  }
}

/**
 * Where they are: each app knows its service. If app or settings have gone, or do not tell it, the last
 * deployment does.
 */
async function findPlaces(d, resources, last) {
  const places = new Map();
  const add = (service, ours) => {
    if (service && !places.has(service.id.toLowerCase())) places.set(service.id.toLowerCase(), { service, ...ours });
  };
  const registered = registeredAt(d, last.hub);
  const gone = { apiHost: last.main?.outputs?.api?.value?.replace(/^https:\/\//, '') };
  let ofRegistered = gone.apiHost ? gone : undefined;
  for (const { id } of resources.filter(({ type }) => isType('app', type))) {
    const app = await d.az.find(rest('get', id), { what: 'the function app' });
    if (!app) continue;
    const settings = await d.az.find(rest('post', `${id}/config/appsettings/list`));
    const host = hostOf(settings?.properties);
    const service = host && (await findByHost(d, host));
    const hub = settings?.properties?.CODESTREAM_HUB ?? 'codestream';
    if (service && service.name !== app.name) add(service, { hub, ...whoIs(app) }); // its own goes with the group
    if (registered?.app === app.name) ofRegistered = whoIs(app);
  }
  if (registered && ofRegistered) {
    const service = await d.az.find(rest('get', registered.id), { what: 'the service of before' });
    add(service, { hub: registered.hub, ...ofRegistered });
  }
  return [...places.values()];
}

/** The rights to upload the page that each run has given to whoever ran it. */
async function takeBackUploads(d, scope, resources) {
  const accounts = resources.filter(
    ({ type, name, tags }) =>
      isType('storage', type) && (tags?.application === 'codestream' || isNameOfOurs(name, 'storage')),
  );
  const shown = [{ id: `${scope}/providers/${TYPES.storage}/<page>` }];
  for (const { id } of d.person.isDryRun ? shown : accounts) await takeUploads(d, id);
}

/**
 * Their names would be kept for 14 days, and then be of use in the same region only. Ours have the
 * tag or, where a policy took that away, a name as deploy.mjs makes them.
 */
async function deleteLogs({ az, person }, scope, resources) {
  const logs = resources.filter(
    ({ type, name, tags }) =>
      isType('logs', type) && (tags?.application === 'codestream' || isNameOfOurs(name)),
  );
  const shown = person.isDryRun
    ? [{ id: `${scope}/providers/Microsoft.OperationalInsights/workspaces/<logs>` }]
    : logs;
  for (const { id, name } of shown) {
    person.say(`Deleting the logs ${name ?? ''} for good`);
    await az
      .act(rest('delete', id, { more: '&force=true' }), { what: 'the logs to be deleted' })
      .catch((error) => {
        if (error.kind !== 'missing') throw error;
      });
  }
}

/** While it goes, the two answers may differ for a moment. */
async function isGroupGone({ az, options: { group } }) {
  const what = 'whether the group is gone';
  const shown = await az.find(['group', 'show', '--name', group], { what });
  return !shown && (await az.read(['group', 'exists', '--name', group], { what })) === false;
}

async function watch(d) {
  const { waitMs: limitMs } = d.options;
  const isGone = await poll(
    d,
    { what: 'the group to be gone', limitMs },
    async () => d.person.isDryRun || (await isGroupGone(d)) || undefined,
  );
  if (isGone) return;
  throw new StillActive(
    `Azure is still deleting the group after ${seconds(limitMs)}`,
    'It goes on by itself; run the same command again to wait for it.',
  );
}

async function run(d) {
  const { az, person, options } = d;
  const subscription = await signIn(d);
  const group = await showGroup(d);
  if (!group) {
    person.say(`There is no resource group ${options.group}: nothing to do.`);
    return;
  }
  if (isDeleting(group)) person.say(`The group ${options.group} is being deleted already.`);
  else {
    const resources = await consent(d, group, subscription);
    person.begin(`Deleting the group ${options.group} (some minutes)`);
    const last = {};
    for (const [part, name] of person.isDryRun ? [] : Object.entries(DEPLOYMENTS))
      last[part] = await waitWhileActive(d, name);
    await leaveServices(d, inGroup(az.subscription, options.group), resources, last);
    await takeBackUploads(d, inGroup(az.subscription, options.group), resources);
    await deleteLogs(d, inGroup(az.subscription, options.group), resources);
    await az
      .act(['group', 'delete', '--name', options.group, '--yes', '--no-wait'], {
        what: 'the start of the deletion',
      })
      .catch((error) => {
        if (error.kind !== 'missing') throw error;
      });
  }
  await watch(d);
  person.say('Deleted.');
}

export const DESTROY = {
  name: 'destroy.mjs',
  usage: USAGE,
  read: readOptions,
  body: run,
  goesOn: 'Then run the same command again.',
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main(DESTROY);
