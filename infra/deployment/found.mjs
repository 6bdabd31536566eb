// Which resources of a group are this deployment's: by their names, their tags, and by what the
// last deployment said that it had made. Pure.
import { ACCOUNTS, idOf, isType, region, TYPES, WORDS } from './arm.mjs';
import { Stop } from './errors.mjs';

const OUTPUTS = { service: 'webPubSub', storage: 'storage', host: 'host', app: 'functionApp' };
/** Behind the prefix: 13 characters that Azure makes, and what ACCOUNTS makes of them. */
const ENDS = { storage: '[a-z1-9][a-z0-9]{12}', host: '0[a-z0-9]{12}' };
const END = '-[a-z0-9]{13}';

/** What the last deployment has named, if it is the one of this prefix. */
export function namedBy(outputs, prefix) {
  const named = {};
  for (const [part, output] of Object.entries(OUTPUTS)) {
    const name = outputs?.[output]?.value;
    if (typeof name === 'string' && isOurName(part, name, prefix)) named[part] = name;
  }
  // A service that was there before is found by the settings of the app.
  if (named.service !== named.app) delete named.service;
  return named;
}

function isOurName(part, name, prefix) {
  return RegExp(`^${prefix}${ENDS[part] ?? END}$`).test(name);
}

/** Is it a name that deploy.mjs makes, whatever the prefix? */
export const isNameOfOurs = (name, part = 'logs') => isOurName(part, name, '[a-z][a-z0-9]{2,10}');

/**
 * The id of each part that is there, and that all sources agree on.
 *
 * @param {string} scope  id of the group
 * @param {string} prefix
 * @param {{ listed: object[], named: Record<string, string> }} sources
 *   listed: resources as lists have them; named: see namedBy
 * @returns {Record<string, { id: string, name: string, isListed: boolean, location?: string }>}
 */
export function identify(scope, prefix, { listed, named }) {
  const found = {};
  for (const part of Object.keys(TYPES)) {
    const ours = listed.filter(
      ({ type, name, tags }) =>
        isType(part, type)
        && (isOurName(part, name, prefix)
          || (tags?.application === 'codestream' && name.startsWith(`${prefix}-`))),
    );
    const names = new Map(ours.map((one) => [one.name.toLowerCase(), one]));
    const byOutput = named[part];
    if (byOutput && !names.has(byOutput.toLowerCase()))
      names.set(byOutput.toLowerCase(), undefined);
    if (names.size > 1) {
      throw new Stop(
        `the group has more than one ${WORDS[part]} that could be meant: `
          + `${[...names.keys()].join(', ')}`,
        `The last deployment has named ${byOutput ?? 'none of them'}. Delete the one that is not in use\n`
          + '(az resource delete --ids …), or deploy under another --name; nothing was changed.',
      );
    }
    for (const [name, one] of names) {
      found[part] = one
        ? { id: one.id, name: one.name, isListed: true, location: one.location }
        : { id: idOf(scope, part, name), name, isListed: false };
    }
  }
  return found;
}

/** The name that all parts share; undefined where there is none yet. */
export function sharedName(found, prefix) {
  const { host, ...others } = found;
  const names = new Set(
    Object.entries(others).map(([part, { name }]) =>
      part === 'storage' ? `${prefix}-${name.slice(prefix.length)}` : name,
    ),
  );
  // Its name does not tell the whole of the others'.
  const isStranger = host && names.size > 0 && ![...names].some((one) => ACCOUNTS.host(one) === host.name);
  if (isStranger) names.add(host.name);
  if (names.size > 1) {
    throw new Stop(
      `the parts of this deployment have different names: ${[...names].join(', ')}`,
      'They are of two deployments. Delete what is not in use (az resource delete --ids …), or\n'
        + 'deploy under another --name; nothing was changed.',
    );
  }
  return [...names][0];
}

/** What reading a part has answered: with all that decisions rest on, or it is not believed. */
export function checkPart(part, id, read) {
  const isWhole =
    read?.id?.toLowerCase() === id.toLowerCase()
    && read.properties
    && typeof read.properties === 'object'
    && (part !== 'service' || (read.sku?.name && read.sku.capacity));
  if (isWhole) return read;
  throw new Stop(
    `az answered without the ${WORDS[part]} ${id.split('/').at(-1)}`,
    'Run the same command again. Nothing was changed by this answer.',
  );
}

/** Where they are made: what is there decides, and contradicts an option that says otherwise. */
export function chooseLocation(asked, found, groupLocation) {
  const places = new Set(
    Object.values(found)
      .map(({ location }) => region(location))
      .filter(Boolean),
  );
  const [place] = places;
  if (asked && place && !places.has(asked)) {
    throw new Stop(
      `this deployment is in ${place}, and cannot be moved to ${asked}`,
      'Make another one there, in a group of its own (--resource-group), and then destroy this one;\n'
        + 'or leave --location out.',
    );
  }
  return place ?? asked ?? region(groupLocation);
}
