// The hubs of a service, read so that one that is there does not pass for none.
import { rest } from './arm.mjs';
import { Stop } from './errors.mjs';
import { findPages } from './pages.mjs';

/** The hub as it is; undefined only where the list of hubs has none of that name either. */
export async function readHub(d, service, name) {
  const path = `${service.id}/hubs`;
  const hub = await d.az.find(rest('get', `${path}/${name}`), { what: 'the hub', dry: {} });
  if (d.person.isDryRun || Array.isArray(hub?.properties?.eventHandlers)) return hub;
  const isNone = hub?.properties?.eventHandlers === null; // a hub that sends nothing
  const list = hub ? [] : await findPages(d, path, { what: 'the list of hubs' });
  const isListed = (list ?? []).some((one) => one.name?.toLowerCase() === name.toLowerCase());
  if (isNone || (hub === undefined && !isListed)) return hub;
  throw new Stop(
    `az answered without the event handlers of the hub ${name}, which is there`,
    'Run the same command again. The hub was not changed.',
  );
}

/** A hub of the service that sends events to a function of ours had an app to send them to. */
export async function hasHandler(d, service) {
  const hubs = await findPages(d, `${service.id}/hubs`, { what: 'the hubs of the service' });
  return (hubs ?? []).some(({ properties }) =>
    (properties?.eventHandlers ?? []).some(({ urlTemplate }) =>
      /\/eventhandler\?code=/.test(urlTemplate),
    ),
  );
}
