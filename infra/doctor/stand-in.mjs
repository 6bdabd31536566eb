// The settings of what `make run` has started: the stand-in for the service has a key that everybody
// knows, and the handler says where it listens.
import { send } from './requests.mjs';
import { attempt, CONNECTION } from './settings.mjs';

const KEY = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH'; // of Microsoft's examples
const USUAL = 'http://localhost:8080';
const THIS_MACHINE = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/** The environment, with the stand-in's connection string where it has none and all is on this machine. */
export async function withStandIn(env, app) {
  if (env[CONNECTION] || env[`${CONNECTION}__endpoint`]) return env;
  if (app !== undefined && !THIS_MACHINE.test(attempt(() => new URL(app).origin))) return env;
  const endpoint = app === undefined ? USUAL : await askForEndpoint(app);
  return { ...env, [CONNECTION]: `Endpoint=${endpoint};AccessKey=${KEY};Version=1.0;` };
}

async function askForEndpoint(app) {
  const { body } = await send({}, 'GET', `${app}/negotiate?room_id=${'A'.repeat(22)}`);
  const endpoint = attempt(() => JSON.parse(body).endpoint);
  return THIS_MACHINE.test(endpoint) ? endpoint : USUAL;
}
