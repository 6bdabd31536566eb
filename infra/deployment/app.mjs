// How the function app runs: its memory, where its packages are, who may publish with a password.
import { PACKAGES, rest } from './arm.mjs';
import { Stop } from './errors.mjs';
import { isHostIn } from './plan.mjs';

/** Publishing by user name and password, which nothing here uses. */
const PASSWORDS = ['scm', 'ftp'];

/** An app of before has packages and host keys in the account of the page. */
export const isMoving = ({ settings = {}, parts: { storage } }) => isHostIn(settings, storage);

export async function switchPasswordsOff(d, { id }) {
  for (const name of PASSWORDS) {
    const path = `${id}/basicPublishingCredentialsPolicies/${name}`;
    const body = JSON.stringify({ properties: { allow: false } });
    await d.az.act(rest('put', path, { body }), { what: 'passwords for publishing to be switched off' });
  }
}

/** Memory and packages; all else that says how the app runs is sent back as it was. */
export async function changeApp(d, { app, storage, host }) {
  const config = app.properties.functionAppConfig ?? {};
  const next = withPackages(withMemory(config, d.options.memory), storage, host);
  if (JSON.stringify(next) === JSON.stringify(config) && !d.person.isDryRun) return;
  const body = JSON.stringify({ properties: { functionAppConfig: next } });
  await d.az
    .act(rest('patch', app.id, { body }), { what: 'how the function app runs' })
    .catch((error) => {
      if (next.scaleAndConcurrency === config.scaleAndConcurrency) throw error;
      throw new Stop(
        `Azure does not give the function app ${d.options.memory} MB:\n${error.message}`,
        'Not every region has 512 MB: try again without --memory.',
      );
    });
}

function withMemory(config, memory) {
  const old = config.scaleAndConcurrency ?? {};
  if (!memory || old.instanceMemoryMB === memory) return config;
  return { ...config, scaleAndConcurrency: { ...old, instanceMemoryMB: memory } };
}

/** Packages that are in the page's account go into the host's; elsewhere somebody has put them. */
function withPackages(config, storage, host) {
  const { storage: old, ...deployment } = config.deployment ?? {};
  const isWithPage = old?.value?.toLowerCase().startsWith(`https://${storage.name}.`.toLowerCase());
  if (!isWithPage) return config;
  const value = `${host.properties.primaryEndpoints.blob.replace(/\/*$/, '/')}${PACKAGES}`;
  return { ...config, deployment: { ...deployment, storage: { ...old, value } } };
}

/** Copies of what is overwritten or deleted cost: somebody's wish stays, and is told. */
export async function tellCopies(d, accounts) {
  for (const { id, name } of accounts) {
    const path = `${id}/blobServices/default`;
    const read = await d.az.find(rest('get', path), { what: `what ${name} keeps`, dry: {} });
    const { isVersioningEnabled, deleteRetentionPolicy } = read?.properties ?? {};
    const kept = [
      isVersioningEnabled && 'versioning',
      deleteRetentionPolicy?.enabled && 'soft delete',
    ].filter(Boolean);
    if (kept.length === 0) continue;
    d.person.say(
      `  ${name} has ${kept.join(' and ')} switched on, which stays: all that is overwritten or deleted there`
        + ' is kept for a while, and costs.',
    );
  }
}
