// Who may do what: the rights of the function app, and that of whoever deploys to upload the page.
import { rest, ROLES } from './arm.mjs';
import { Stop } from './errors.mjs';
import { listPages } from './pages.mjs';
import { assignedAt, missingRoles, namesAccount } from './plan.mjs';

/** A new identity takes its time to be known. */
const PATIENCE_MS = { notYet: 180_000, missing: 60_000 };
/** By which a right that uploader.bicep gave is known from one that somebody gave by hand. */
export const DESCRIPTION = 'codestream: uploads the page';
const OF_HOST = [ROLES.storageBlobDataOwner, ROLES.storageTableDataContributor];

/** Gives the app the rights that it needs and does not have. */
export async function giveRights(d, { parts, isForeign }, identity) {
  const { app, host, insights, service } = parts;
  const principal = app.identity?.principalId;
  if (!principal) {
    throw new Stop(
      `the function app ${app.name} has no identity of its own`,
      'It needs one for storage and logs: az functionapp identity assign --ids …, then run this again.',
    );
  }
  const wanted = [
    // The host keeps packages and keys as blobs, and writes what went wrong at its start into a table.
    ...OF_HOST.map((role) => ({ role, scope: host.id })),
    { role: ROLES.monitoringMetricsPublisher, scope: insights.id },
    ...(identity ? [{ role: ROLES.webPubSubServiceOwner, scope: service.id }] : []),
  ].map((one) => ({ ...one, principal }));
  const given = [];
  for (const scope of [d.scope, ...(isForeign ? [service.id] : [])]) {
    given.push(...(await readRights(d, scope, principal)));
  }
  for (const one of missingRoles(wanted, given)) await give(d, one);
}

/** One right more, if the app does not have it. */
export async function giveRight(d, app, { role, scope }) {
  const principal = app.identity?.principalId;
  const given = await readRights(d, d.scope, principal);
  for (const one of missingRoles([{ role, scope, principal }], given)) await give(d, one);
}

function give(d, { role, scope, principal }) {
  const who = ['--assignee-object-id', principal, '--assignee-principal-type', 'ServicePrincipal'];
  return d.az
    .act(['role', 'assignment', 'create', ...who, '--role', role, '--scope', scope], {
      what: 'a right of the function app',
      patienceMs: PATIENCE_MS,
    })
    .catch((error) => {
      if (!/RoleAssignmentExists/.test(error.message)) throw error;
    });
}

/** Of one principal, or, without one, of all. */
async function readRights(d, scope, principal) {
  const more = principal && `&$filter=principalId%20eq%20'${principal}'`;
  const path = `${scope}/providers/Microsoft.Authorization/roleAssignments`;
  const given = await listPages(d, path, { what: 'the rights', more });
  return principal ? given.filter(({ properties }) => properties?.principalId === principal) : given;
}

/** An app whose host does not use the page's account any more may do nothing there. */
export async function takePageAway(d, { parts: { app, storage } }, settings) {
  const given = await readRights(d, storage.id, app.identity.principalId);
  const ours = assignedAt(storage.id, OF_HOST, given);
  if (ours.length > 0 && namesAccount(settings, storage)) {
    d.person.say(
      `  The function app may still change the page: a setting of its own names ${storage.name}, which stays.`,
    );
  } else await takeAway(d, ours);
}

/** What uploader.bicep gave at this account: to this principal, or to whoever has deployed. */
export async function takeUploads(d, account, principal) {
  const given = await readRights(d, account, principal);
  const ours = assignedAt(account, [ROLES.storageBlobDataContributor], given).filter(
    ({ properties }) => properties.description === DESCRIPTION,
  );
  await takeAway(d, ours);
  return ours.length;
}

/** Takes a right of the app at this very place away; where there is no such place, it has none. */
export async function takeRight(d, principal, { role, scope }) {
  const given = await readRights(d, scope, principal).catch((error) => {
    if (error.kind === 'missing') return [];
    throw error;
  });
  await takeAway(d, assignedAt(scope, [role], given));
}

async function takeAway(d, assignments) {
  for (const { id } of assignments) {
    await d.az.act(rest('delete', id), { what: 'a right to go' }).catch((error) => {
      if (error.kind !== 'missing') throw error;
    });
  }
}
