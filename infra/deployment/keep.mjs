// Kept texts, which --keep-days switches on: a private container in the page's account, the app's right
// to it and to nothing else there, a rule that deletes, and no copies of what is overwritten. What a
// later deployment needs to know of it is in Azure: the setting, and the days of the rule.
import { rest, ROLES } from './arm.mjs';
import { Stop } from './errors.mjs';
import { giveRight, takeRight } from './rights.mjs';

const SETTING = 'CODESTREAM_STORAGE__blobServiceUri';
const CONTAINER = 'rooms';
const RULE = 'codestream-kept-texts';

const blobsOf = ({ id }) => `${id}/blobServices/default`;
const policyOf = ({ id }) => `${id}/managementPolicies/default`;
const containerOf = (storage) => `${blobsOf(storage)}/containers/${CONTAINER}`;
const rulesOf = (policy) => policy?.properties?.policy?.rules ?? [];

/** @returns {Promise<Record<string, string>>} the setting that switches it on; empty: not asked for */
export async function keepTexts(d, { parts: { app, storage } }) {
  const { keepDays, removedSettings } = d.options;
  const right = { role: ROLES.storageBlobDataContributor, scope: containerOf(storage) };
  if (removedSettings.includes(SETTING)) await takeRight(d, app.identity?.principalId, right);
  if (!keepDays) return {};
  d.person.say(
    `  the newest text of each room is kept for ${keepDays === 1 ? '1 day' : `${keepDays} days`}: whoever has its link can read it. Who can\n`
      + '  open rooms can store 1 MiB in each: a word for writers (--writers) closes that to strangers',
  );
  await keepNoCopies(d, storage);
  await d.az.act(rest('put', right.scope, { body: '{"properties":{"publicAccess":"None"}}' }), {
    what: 'the container for kept texts',
  });
  await writeRule(d, storage, keepDays);
  await giveRight(d, app, right);
  const { blob } = storage.properties?.primaryEndpoints ?? {};
  if (!blob && !d.person.isDryRun) throw new Stop(`az does not tell where the blobs of ${storage.name} are`);
  return { [SETTING]: (blob ?? 'https://<storage>').replace(/\/+$/, '') };
}

/** What is overwritten each few seconds must leave no copies, also where somebody had asked for them. */
async function keepNoCopies(d, storage) {
  const path = blobsOf(storage);
  const read = await d.az.find(rest('get', path), { what: `what ${storage.name} keeps`, dry: {} });
  const properties = read?.properties ?? {};
  const on = [
    properties.isVersioningEnabled && 'versioning',
    properties.deleteRetentionPolicy?.enabled && 'soft delete',
    properties.containerDeleteRetentionPolicy?.enabled && 'soft delete of containers',
    properties.changeFeed?.enabled && 'the change feed',
    properties.restorePolicy?.enabled && 'point-in-time restore',
  ].filter(Boolean);
  if (on.length === 0 && !d.person.isDryRun) return;
  d.person.say(`  ${storage.name} has ${on.join(', ')} switched on: off from now on, because of kept texts`);
  const without = {
    ...properties,
    isVersioningEnabled: false,
    deleteRetentionPolicy: { enabled: false },
    containerDeleteRetentionPolicy: { enabled: false },
    changeFeed: { enabled: false },
    restorePolicy: { enabled: false }, // Azure refuses the others while it is on
  };
  await d.az.act(rest('put', path, { body: JSON.stringify({ properties: without }) }), {
    what: 'copies to be switched off',
  });
}

/** Other rules of the account stay. */
async function writeRule(d, storage, days) {
  const path = policyOf(storage);
  const there = await d.az.find(rest('get', path), { what: 'the rules of storage', dry: {} });
  const others = rulesOf(there).filter(({ name }) => name !== RULE);
  const ours = {
    name: RULE,
    enabled: true,
    type: 'Lifecycle',
    definition: {
      filters: { blobTypes: ['blockBlob'], prefixMatch: [`${CONTAINER}/`] },
      actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: days } } },
    },
  };
  const body = JSON.stringify({ properties: { policy: { rules: [...others, ours] } } });
  await d.az.act(rest('put', path, { body }), { what: 'the rule that deletes kept texts' });
}

/** What the page says: for how many days, by the rule that is there; 0: nothing is kept. */
export async function keptDays(d, { parts: { storage } }, settings) {
  if (d.options.keepDays) return d.options.keepDays;
  const isOn = Object.keys(settings).some((name) => name.toLowerCase() === SETTING.toLowerCase());
  if (!isOn || d.person.isDryRun) return 0;
  await keepNoCopies(d, storage); // somebody may have switched them on since
  const there = await d.az.find(rest('get', policyOf(storage)), { what: 'the rules of storage' });
  const rule = rulesOf(there).find(({ name }) => name === RULE);
  const days = rule?.definition?.actions?.baseBlob?.delete?.daysAfterModificationGreaterThan;
  if (Number.isInteger(days) && days > 0) return days;
  d.person.say(
    `  texts are kept, and the rule that deletes them, ${RULE}, has gone from ${storage.name}: the page keeps\n`
      + '  none until --keep-days N makes it anew; what is there stays until somebody deletes it',
  );
  return 0;
}
