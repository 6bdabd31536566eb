// The checks in their order: what each one needs and sends, and what the response means. Pure.
// expects: statuses with which nothing is wrong, unless a row of judge applies: [applies, failure,
// fix, what later checks lack]; a row without a fix says why nothing can be told.
import { createHmac, randomBytes } from 'node:crypto';
import { attempt } from './settings.mjs';

const CLOCK_TOLERANCE_MS = 60_000; // clocks that differ by more make tokens fail sooner or later
const [TOKEN, ROOM, USER] = [/^[\w-]+\.[\w-]+\.[\w-]+$/, /^[\w-]{22}$/, /^[!-~]{1,128}$/];
const AS_JSON = { 'Content-Type': 'application/json' };
const APP_LOG = 'look at the log of the function app';
const TRUST = 'use a valid certificate for its name; CODESTREAM_CA_FILE has further authorities';
const SAME_STRING = 'give the doctor and the handler the same connection string';
const SAME_HUB = 'set CODESTREAM_HUB alike for the handler, the doctor and the hub of the service';
const FUNCTION_KEY = ['the host wants a function key for /eventhandler, and this is not it',
  'set CODESTREAM_FUNCTION_KEY, and put ?code=KEY into the URL template of the hub',
  'the right function key'];

const parse = (text) => attempt(() => JSON.parse(text)) ?? {};
const isRefused = ({ status }) => status === 401 || status === 403;
const wantsWord = ({ status, body }) => status === 403 && parse(body).error?.code === 'WritersWord';
const hmac = (key, text) => createHmac('sha256', key).update(text);
const encode = (bytes) => Buffer.from(bytes).toString('base64url');

/** What a handler of ours answers to negotiate; undefined: it is none. */
function readSession({ body }) {
  const { endpoint, path, token, room_id: room, user_id: user } = parse(body);
  const isOurs = [endpoint, path, token, room ?? user].every((text) => typeof text === 'string')
    && TOKEN.test(token) && (room === undefined ? USER.test(user) : ROOM.test(room));
  return isOurs ? { endpoint, path, token, room, user: room ? `v.${room}` : user } : undefined;
}

/** A token with the signature that it should have. */
function sign(accessKey, token) {
  const message = token.split('.').slice(0, 2).join('.');
  return `${message}.${hmac(accessKey, message).digest('base64url')}`;
}

const validation = (d, code) => ['OPTIONS', `${d.app}/eventhandler${code}`,
  { 'WebHook-Request-Origin': d.host, 'ce-awpsversion': '1.0' }];

/** A signature opens all events of its connection, so it is for one that never was. */
function event(d, accessKey) {
  const connection = `doctor-${randomBytes(16).toString('hex')}`;
  return ['POST', `${d.app}/eventhandler${d.code}`, {
    ...AS_JSON, 'ce-specversion': '1.0', 'ce-awpsversion': '1.0', 'ce-namespace': '/',
    'ce-type': 'azure.webpubsub.sys.connect', 'ce-eventName': 'connect', 'ce-socketId': 'doctor',
    'ce-hub': d.hub, 'ce-userId': d.session.user, 'ce-connectionId': connection,
    'ce-signature': `sha256=${hmac(accessKey, connection).digest('hex')}`,
  }, '{"claims":{},"query":{},"headers":{},"clientCertificates":[]}'];
}

/** Is a group there that is not? The answer is for whoever has a good token. */
function restCall(d) {
  const group = `0~${encode('/')}~${encode('codestream-doctor')}`;
  const url = `${d.url}/api/hubs/${d.hub}/groups/${group}?api-version=2024-01-01`;
  return ['HEAD', url, { Authorization: `Bearer ${makeToken(d.accessKey, { aud: url })}` }];
}

/** A token that is good for fifteen minutes. */
export function makeToken(accessKey, claims) {
  const now = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({ iat: now, exp: now + 900, ...claims });
  return sign(accessKey, `${encode('{"alg":"HS256","typ":"JWT"}')}.${encode(body)}`);
}

function wrongClock(whose, aheadMs) { // NaN: not known, and so not wrong
  const how = `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
  return [Math.abs(aheadMs) > CLOCK_TOLERANCE_MS,
    `the clock of ${whose} is ${how} the service's`, `set the clock of ${whose}`];
}

export const CHECKS = [{
  name: 'the function app answers', needs: [], gives: 'the function app',
  request: (d) => ['GET', `${d.app}/`],
  judge: ({ status }) => [[status === 503, 'the host is not ready', APP_LOG]],
}, {
  name: 'negotiate gives a token for this service and hub',
  needs: ['the function app'], gives: 'negotiate', expects: [200],
  request: (d) => ['GET', `${d.app}/negotiate?room_id=${encode(randomBytes(16))}`], // for a viewer
  judge: (response, d, session = readSession(response), { status, body } = response) => [
    [status === 401, 'it wants a key', 'set authLevel to anonymous in negotiate/function.json'],
    [status === 404, 'GET /negotiate was answered with 404',
      'is the prefix right (routePrefix in host.json, /api), and is the app deployed?'],
    [status >= 500, `the handler fails or does not run (${status}) ${d.quote(parse(body).error)}`,
      `${APP_LOG}; is enableForwardingHttpRequest true in host.json?`],
    [status === 200 && !session, 'the answer is not ours', 'is this the right address?'],
    [session && session.endpoint.toLowerCase() !== d.url,
      `the handler uses another service: ${d.quote(session?.endpoint)}`, SAME_STRING],
    [session && session.path.toLowerCase() !== d.path.toLowerCase(),
      `the handler uses another hub: ${d.quote(session?.path)}`, SAME_HUB],
    [session && d.accessKey && sign(d.accessKey, session.token) !== session.token,
      'its token is not signed with this access key', `${SAME_STRING}; is the address right?`],
  ],
  learn: (response) => ({ session: readSession(response), appAheadMs: response.aheadMs }),
}, {
  name: 'who may open a room', needs: ['negotiate'], expects: [200, 403],
  request: (d) => ['GET', `${d.app}/negotiate`],
  judge: (response, { word, session: { room } }) => [
    [response.status === 200 && word && room, 'anybody may open a room: the handler has no word',
      'set CODESTREAM_WRITERS for the handler too'],
    [response.status === 403 && !wantsWord(response), 'nobody: negotiate is closed', APP_LOG],
  ],
  note: ({ status }, { session: { room } }) => (!room && 'the application has no rooms')
    || (status === 200 ? 'anybody, since no CODESTREAM_WRITERS is set' : 'whoever has the word'),
}, {
  name: 'the word in CODESTREAM_WRITERS opens a room',
  needs: ['a word', 'negotiate', 'rooms'], expects: [200],
  request: (d) => ['POST', `${d.app}/negotiate`, AS_JSON, JSON.stringify({ writers_word: d.word })],
  judge: (response) => [[wantsWord(response), 'the handler wants another word than this one',
    'give the doctor and the handler the same CODESTREAM_WRITERS']],
}, {
  name: 'the page\'s origin may call', needs: ['a page', 'the function app'],
  request: (d) => ['OPTIONS', `${d.app}/negotiate`, { Origin: d.page,
    'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' }],
  judge: ({ headers: { 'access-control-allow-origin': allowed } }, { page }) => [
    [allowed !== '*' && allowed !== page, `a browser may not call negotiate from ${page}`,
      'add the origin to CORS: az functionapp cors add, or Host.CORS in local.settings.json'],
  ],
}, {
  name: 'the service can validate the event handler',
  needs: ['negotiate'], gives: 'validation', expects: [200],
  request: (d) => validation(d, d.code),
  judge: ({ status, headers: { 'webhook-allowed-origin': allowed } }, { host }) => [
    [status === 400, 'the handler takes another service for its own', SAME_STRING],
    [status === 401, ...FUNCTION_KEY],
    [status === 404 || status === 405, 'OPTIONS does not reach the handler',
      'list options among the methods in eventhandler/function.json'],
    [status === 200 && allowed !== '*' && allowed?.toLowerCase() !== host,
      'the answer to OPTIONS has no WebHook-Allowed-Origin for this service',
      'find out what removes it between the service and the handler'],
  ],
}, {
  name: 'a request without the function key is refused',
  needs: ['negotiate', 'CODESTREAM_FUNCTION_KEY', 'validation'], expects: [401, 403],
  request: (d) => validation(d, ''),
  judge: ({ status }) => [[status === 200, '/eventhandler answers without its function key',
    'set authLevel to function in eventhandler/function.json']],
  learn: () => ({ hostWantsKey: true }),
}, {
  name: 'a signed event is accepted',
  needs: ['negotiate', 'an access key', 'the right function key'], gives: 'events', expects: [200],
  request: (d) => event(d, d.accessKey),
  judge: ({ status, body }) => [
    [status === 401 && !body.includes('BadSignature'), ...FUNCTION_KEY],
    [status === 401, 'the handler refuses an event that is signed with this access key',
      `${SAME_STRING}, with a key that is still valid`],
    [status === 404, 'POST does not reach the handler, or it does not know this hub',
      `list post among the methods in eventhandler/function.json, and ${SAME_HUB}`],
  ],
}, {
  name: 'a wrongly signed event is refused', needs: ['events'], expects: [401],
  request: (d) => event(d, randomBytes(32)),
  judge: ({ status }, { hostWantsKey }) => [
    [status === 200 && hostWantsKey, 'it is accepted: with an identity, the function key protects'],
    [status === 200, 'it is accepted, and the host asks for no function key',
      'set authLevel to function in eventhandler/function.json'],
  ],
}, {
  name: 'the service accepts REST calls, and the clocks agree',
  needs: ['an access key'], expects: [200, 404],
  request: restCall,
  judge: (response, { url, appAheadMs }) => [
    wrongClock('the function app', appAheadMs - response.aheadMs),
    wrongClock('this machine', -response.aheadMs),
    [isRefused(response), `the service refuses our token: access key or audience (${url}) is wrong`,
      'take the connection string from the portal or az webpubsub key show again'],
  ],
}, {
  name: 'the hub refuses clients without a token', needs: ['the service'], expects: [401, 403],
  request: (d) => ['GET', `${d.url}${d.path}/?EIO=4&transport=polling`],
  judge: ({ status }) => [[status === 200, 'the hub lets clients in that have no token',
    'set anonymousConnectPolicy of the hub to deny']],
}, {
  name: 'a client connects, and its events are answered',
  needs: ['negotiate', 'the service'], expects: [200],
  request: (d) => [undefined, `${d.url}/`],
  judge: ({ status, body, rejection, isConnected, isGreeted, ack }, d, { room } = d.session) => [
    [isRefused({ status }), `the service refuses negotiate's token: ${d.quote(body)}`,
      'is its audience, the endpoint of the connection string, right? Is the access key?'],
    [status === 404, 'there is no Socket.IO', 'the resource must be of kind SocketIO, serverless'],
    [rejection, `a client may not join: ${d.quote(rejection)}`,
      'is the hub\'s URL template that of this handler, with its ?code=? Look at its log'],
    [status === 200 && !isConnected, 'the service does not answer a client that joins',
      'can it reach the handler: is the hub\'s URL template right, and open to the internet?'],
    [isConnected && !ack && (isGreeted || !room), 'a client\'s events do not reach the handler',
      'set userEventPattern of the hub\'s event handler to *'],
    [isConnected && !ack, `the hub ${d.hub} has no event handler, or none that is told anything`,
      'give the hub of this name one: URL template, userEventPattern *, all system events'],
    [ack && room && !ack.success, `a client cannot join its room: ${d.quote(ack)}`, APP_LOG],
    [ack && room && !isGreeted, 'the handler is not told of new clients, and greets nobody',
      'the hub\'s event handler needs the system events connect, connected, disconnected'],
  ],
}];

/** { failure, fix, lost }, or nothing of it. what: the request in words. */
export function judge(check, what, response, d) {
  const { status, problem, headers } = response;
  const code = headers?.['x-ms-error-code'];
  const [log, reach, lost] = what.includes(`${d.url}/`)
    ? ['look at the live trace of the service',
      'is the endpoint in the connection string right, and within reach?', 'the service']
    : [APP_LOG, 'is the address right, and is the app started? After a rest it takes its time'];
  const [, failure, fix, lack] = [
    [!status, `${what}: ${problem}`, /certificate/.test(problem) ? TRUST : reach, lost],
    ...check.judge(response, d),
    [!(check.expects ?? [status]).includes(status),
      `${what} was answered with ${status}${code ? ` (${d.quote(code)})` : ''}`, log],
  ].find(([applies]) => applies) ?? [];
  return { failure, fix, lost: lack, note: check.note?.(response, d) };
}
