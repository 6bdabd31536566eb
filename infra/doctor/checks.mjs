// The checks in their order: what each one needs and sends, and what the response means. Pure.
// expects: statuses with which nothing is wrong, unless a row of judge applies: [applies, cause of
// causes.mjs, failure, what later checks lack].
import { createHmac, randomBytes } from 'node:crypto';
import { attempt } from './settings.mjs';
import { TEXTS } from './texts.mjs';
import { version } from './version.mjs';

const CLOCK_TOLERANCE_MS = 60_000; // clocks that differ by more make tokens fail sooner or later
const TOKEN_S = 900;
const [TOKEN, ROOM, USER] = [/^[\w-]+\.[\w-]+\.[\w-]+$/, /^[\w-]{22}$/, /^[!-~]{1,128}$/];
const AS_JSON = { 'Content-Type': 'application/json' };
const NO_FUNCTION_KEY = ['functionKey',
  'the host wants a function key for /eventhandler, and CODESTREAM_FUNCTION_KEY is not it',
  'the right function key'];

const NO_MORE = 'the service lets no more clients in: as many are there as its tier allows';

const parse = (text) => attempt(() => JSON.parse(text)) ?? {};
const isRefused = ({ status }) => status === 401 || status === 403;
const wantsWord = ({ status, body }) => status === 403 && parse(body).error?.code === 'WritersWord';
const hmac = (key, text) => createHmac('sha256', key).update(text);
const encode = (bytes) => Buffer.from(bytes).toString('base64url');
const nowInSeconds = () => Math.floor(Date.now() / 1000);

/** What a handler of ours answers to negotiate; undefined: it is none. */
function readSession({ body }) {
  const { endpoint, path, token, room_id: room, user_id: user } = parse(body);
  const isOurs = [endpoint, path, token, room ?? user].every((text) => typeof text === 'string')
    && TOKEN.test(token) && (room === undefined ? USER.test(user) : ROOM.test(room));
  return isOurs ? { endpoint, path, token, room, user: room ? `v.${room}` : user } : undefined;
}

/** Is its token for this service, wherever clients are sent? */
function isForService({ token }, { url }) {
  const claims = parse(Buffer.from(token.split('.')[1], 'base64url').toString());
  return typeof claims.aud === 'string' && claims.aud.toLowerCase().startsWith(`${url}/`);
}

/** A token with the signature that it should have. */
function sign(accessKey, token) {
  const message = token.split('.').slice(0, 2).join('.');
  return `${message}.${hmac(accessKey, message).digest('base64url')}`;
}

/** A token that is good for fifteen minutes. */
export function makeToken(accessKey, claims) {
  const iat = nowInSeconds();
  const payload = JSON.stringify({ iat, exp: iat + TOKEN_S, ...claims });
  return sign(accessKey, `${encode('{"alg":"HS256","typ":"JWT"}')}.${encode(payload)}`);
}

/** A viewer as negotiate would let one in, for the case that it does not. */
function makeSession({ accessKey, url, path }) {
  const room = encode(randomBytes(16));
  const token = makeToken(accessKey, { sub: `v.${room}`, aud: `${url}${path}` });
  return { room, token, user: `v.${room}` };
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

function wrongClock(whose, aheadMs) { // NaN: not known, and so not wrong
  const how = `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
  return [Math.abs(aheadMs) > CLOCK_TOLERANCE_MS, 'clock', `the clock of ${whose} is ${how} the service's`];
}

/** What a page of ours says, of addresses and of kept texts; nothing of other people's. */
function readPage(html) {
  const [, api] = /<meta name="codestream-api" content="([^"]*)"/.exec(html) ?? [];
  const [, connect = ''] = /\bconnect-src ([^;"]*)/.exec(html) ?? [];
  const [, days] = /<meta name="codestream-keep-days" content="(\d+)"/.exec(html) ?? [];
  const [, its] = /<meta name="codestream-version" content="(\d[\w.+-]*)"/.exec(html) ?? [];
  return {
    api: attempt(() => new URL(api)), connect: connect.split(' '), keepDays: days && Number(days), version: its,
  };
}

function pageNote({ api, version: its }) {
  if (!api) return 'it is not ours, so what it calls is not known';
  return its && (its === version ? `version ${its}` : `version ${its}, and this doctor is of ${version}`);
}

/** Who opens a room gets the key to it. */
function learnKey({ body }) {
  const { room_id: room, writer_key: key } = parse(body);
  return typeof key === 'string' && ROOM.test(room) ? { writer: { room, key } } : {};
}

const originOf = (text) => attempt(() => new URL(text).origin);

export const CHECKS = [{
  name: 'the function app answers', needs: ['an app'], gives: ['the function app'],
  request: (d) => ['GET', `${d.app}/`],
  judge: ({ status }) => [[status === 503, 'host', 'the host is not running, and does not start']],
  // Nothing runs while nobody is there, and how long a start takes depends on the memory.
  note: ({ tookMs }) => tookMs !== undefined && `the first answer took ${(tookMs / 1000).toFixed(1)} s`,
  learn: (response) => ({ appAheadMs: response.aheadMs }),
}, {
  name: 'negotiate gives a token for this service and hub',
  needs: ['the function app'], gives: ['negotiate', 'a token'], expects: [200],
  whenLate: ['host', 'the host is up, and the handler does not start'],
  request: (d) => ['GET', `${d.app}/negotiate?room_id=${encode(randomBytes(16))}`], // for a viewer
  judge: (response, d, session = readSession(response)) => [
    ...judgeRefusal(response, d),
    [response.status === 200 && !session, 'stranger', 'the answer is not ours', 'the right address'],
    [session && session.endpoint.toLowerCase() !== d.clientUrl && isForService(session, d), 'clientEndpoint',
      `clients are sent to another place than CODESTREAM_CLIENT_ENDPOINT says here, or to the service: ${
        d.quote(session?.endpoint)}`],
    [session && session.endpoint.toLowerCase() !== d.clientUrl, 'otherService',
      `the handler uses another service: ${d.quote(session?.endpoint)}`],
    [session && session.path.toLowerCase() !== d.path.toLowerCase(), 'hub',
      `the handler uses another hub: ${d.quote(session?.path)}`],
    [session && d.accessKey && sign(d.accessKey, session.token) !== session.token, 'key',
      'its token is not signed with this access key (is the address right?)'],
  ],
  learn: (response) => ({ session: readSession(response) }),
}, {
  name: 'who may open a room', needs: ['negotiate'], expects: [200, 403],
  request: (d) => ['GET', `${d.app}/negotiate`],
  judge: (response, { word, session: { room } }) => [
    [response.status === 200 && word && room, 'word', 'anybody may open a room: the handler has no word'],
    [response.status === 403 && !wantsWord(response), 'closed', 'nobody: negotiate is closed'],
  ],
  note: ({ status }, { session: { room } }) => (!room && 'the application has no rooms')
    || (status === 200 ? 'anybody, since no CODESTREAM_WRITERS is set' : 'whoever has the word'),
  learn: learnKey,
}, {
  name: 'the word in CODESTREAM_WRITERS opens a room',
  needs: ['a word', 'negotiate', 'rooms'], expects: [200],
  request: (d) => ['POST', `${d.app}/negotiate`, AS_JSON, JSON.stringify({ writers_word: d.word })],
  judge: (response) => [[wantsWord(response), 'word', 'the handler wants another word than this one']],
  learn: learnKey,
}, {
  name: 'the page\'s origin may call', needs: ['a page', 'the function app'],
  request: (d) => ['OPTIONS', `${d.app}/negotiate`, { Origin: d.origin,
    'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' }],
  judge: ({ headers: { 'access-control-allow-origin': allowed } }, { origin }) => [
    [allowed !== '*' && allowed !== origin, 'cors', `a browser may not call negotiate from ${origin}`],
  ],
}, {
  name: 'the page calls this function app', needs: ['a page'], expects: [200], unreachable: 'noPage',
  request: (d) => ['GET', d.page],
  judge: ({ status, body }, { app, clientUrl, session }, { api, connect } = readPage(body)) => [
    [status !== 200, 'noPage', `the page was answered with ${status}`],
    [api && api.origin !== originOf(app), 'page', `the page calls another function app: ${api?.origin}`],
    [api && !connect.includes(originOf(session?.endpoint ?? clientUrl)), 'page',
      'the page may not connect to this service: its policy names another one'],
  ],
  note: ({ body }) => pageNote(readPage(body)),
  learn: ({ body }) => ({ keepDays: readPage(body).keepDays }),
}, ...TEXTS, {
  name: 'the service can validate the event handler',
  needs: ['negotiate'], gives: ['validation'], expects: [200],
  request: (d) => validation(d, d.code),
  judge: ({ status, headers: { 'webhook-allowed-origin': allowed } }, { host }) => [
    [status === 400, 'otherService', 'the handler takes another service for its own'],
    [status === 401, ...NO_FUNCTION_KEY],
    [status === 404 || status === 405, 'options', 'OPTIONS does not reach the handler'],
    [status === 200 && allowed !== '*' && allowed?.toLowerCase() !== host, 'removed',
      'the answer to OPTIONS has no WebHook-Allowed-Origin for this service'],
  ],
}, {
  name: 'a request without the function key is refused',
  needs: ['negotiate', 'CODESTREAM_FUNCTION_KEY', 'validation'], expects: [401, 403],
  request: (d) => validation(d, ''),
  judge: ({ status }) => [
    [status === 200, 'open', '/eventhandler answers without its function key'],
  ],
  learn: () => ({ hostWantsKey: true }),
}, {
  name: 'a signed event is accepted',
  needs: ['negotiate', 'an access key', 'the right function key'], gives: ['events'], expects: [200],
  request: (d) => event(d, d.accessKey),
  judge: ({ status, body }) => [
    [status === 401 && !body.includes('BadSignature'), ...NO_FUNCTION_KEY],
    [status === 401, 'key', 'the handler refuses an event that is signed with this access key'],
    [status === 404, 'post', 'POST does not reach the handler, or it does not know this hub'],
  ],
}, {
  name: 'a wrongly signed event is refused', needs: ['events'], expects: [401],
  request: (d) => event(d, randomBytes(32)),
  judge: ({ status }, { hostWantsKey }) => [
    [status === 200 && hostWantsKey, undefined,
      'it is accepted: with an identity, the function key protects'],
    [status === 200, 'open', 'it is accepted, and the host asks for no function key'],
  ],
}, {
  name: 'the hub refuses clients without a token', needs: ['the service'], expects: [401, 403],
  request: (d) => ['GET', `${d.url}${d.path}/?EIO=4&transport=polling`],
  judge: ({ status }) => [
    [status === 429, 'tier', NO_MORE],
    [status === 404, 'kind', 'there is no Socket.IO'],
    [status === 200, 'anonymous', 'the hub lets clients in that have no token'],
  ],
}, {
  name: 'the clocks agree', needs: ['the service'],
  request: (d) => ['HEAD', `${d.url}/api/health?api-version=2024-01-01`],
  judge: (response, { appAheadMs }) => [
    wrongClock('the function app', appAheadMs - response.aheadMs),
    wrongClock('this machine', -response.aheadMs),
  ],
}, {
  name: 'the service accepts REST calls', needs: ['an access key', 'the service'], gives: ['a token'],
  expects: [200, 404],
  request: restCall,
  judge: (response, { url }) => [
    [isRefused(response), 'key', `the service refuses our token: access key or audience (${url}) is wrong`],
    [response.status === 429, 'tier', 'the service has too much to do for its tier'],
  ],
}, {
  name: 'a client connects, and its events are answered',
  needs: ['the service', 'a token', 'the right address'], expects: [200],
  prepare: (d) => ({ visitor: d.session ?? makeSession(d) }),
  request: (d) => [undefined, `${d.clientUrl}/`],
  judge: (seen, d) => [...judgeConnection(seen, d), ...(d.app ? judgeEvents(seen, d) : [])],
  note: ({ rejection, ack }, { app }) => !app && (rejection || !ack) && 'its events were not looked at',
}];

/** Why negotiate gives no token. */
function judgeRefusal({ status, body }, d) {
  const { error } = parse(body);
  const told = d.quote(error);
  return [
    [/enable(Forwarding|Proxying)HttpRequest/.test(body) || error?.code === 'NotForwarded', 'forwarding',
      `the host wraps requests instead of forwarding them ${told}`],
    [status === 401, 'closed', 'it wants a key'],
    [status === 404, 'route', 'GET /negotiate was answered with 404'],
    [error?.code === 'Unavailable', 'identity',
      `the service gives the app no token, as if the app's identity had no role: ${told}`],
    [status >= 500 && error?.code, 'unknownApp', `the handler fails (${status}): ${told}`],
    [status >= 500, 'settings', `the handler does not run (${status}): it ends at its start, as it does `
      + 'when a setting is missing or wrong'],
  ];
}

/** What the service itself says to a client with a good token. */
function judgeConnection({ status, body = '' }, d) {
  return [
    [status === 429 || (isRefused({ status }) && /limit|quota|exceed/i.test(body)), 'tier', NO_MORE],
    [isRefused({ status }), 'key',
      `the service refuses negotiate's token: is its audience right? ${d.quote(body)}`],
    [status === 404, 'kind', 'there is no Socket.IO'],
    [status >= 500, 'mode', `the service gives a client with a good token no session (${status}): as in default `
      + 'mode, where it waits for a server'],
  ];
}

/** What becomes of a client's events: they go from the service to the URL of the hub's event handler. */
function judgeEvents({ status, rejection = '', isConnected, isGreeted, ack }, d) {
  const { room } = d.visitor;
  const told = d.quote(rejection);
  return [
    [/\b401\b/.test(rejection), 'functionKey', 'the service is refused by the app that the hub\'s URL '
      + `template leads to: its ?code= is not the present function key: ${told}`],
    [/\b404\b|no response|did not validate: E[A-Z]+/.test(rejection), 'url',
      `the hub's URL template leads to no event handler: ${told}`],
    [rejection, 'refusedClient', `a client may not join: ${told}`],
    [status === 200 && !isConnected, 'refusedClient', 'the service does not answer a client that joins'],
    [isConnected && !ack && (isGreeted || !room), 'pattern',
      'a client\'s events do not reach the handler'],
    [isConnected && !ack, 'noHandler',
      `the hub ${d.hub} has no event handler, or none that is told anything`],
    [ack && room && !ack.success, 'unknownApp', `a client cannot join its room: ${d.quote(ack)}`],
    [ack && room && !isGreeted, 'systemEvents',
      'the handler is not told of new clients, and greets nobody'],
  ];
}

/** { cause, failure, lost }, or nothing of it. what: the request in words. */
export function judge(check, what, response, d) {
  const { status, problem, isLate, headers } = response;
  const code = headers?.['x-ms-error-code'];
  const isService = [d.url, d.clientUrl].some((one) => what.includes(`${one}/`));
  const [unreachable, unknown, lack] = isService
    ? ['service', 'unknownService', 'the service'] : [check.unreachable ?? 'app', 'unknownApp'];
  const [late, meaning] = (isLate && check.whenLate) || [];
  const silent = late ?? (/certificate/.test(problem) ? 'certificate' : unreachable);
  const [, cause, failure, lost] = [
    [!status, silent, [`${what}: ${problem}`, meaning].filter(Boolean).join(', so '), lack],
    ...check.judge(response, d),
    [!(check.expects ?? [status]).includes(status), unknown,
      `${what} was answered with ${status}${code ? ` (${d.quote(code)})` : ''}`],
  ].find(([applies]) => applies) ?? [];
  return { cause, failure, lost, note: check.note?.(response, d) };
}
