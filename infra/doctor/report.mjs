// What a live service does where it was recorded, or where nobody knows: asked on a hub of its own,
// and printed as rows for the tables in emulator/README.md. Nothing that is printed names a
// resource, a connection or a token.
import { once } from 'node:events';
import { ROWS, differences, requestOf } from '../../emulator/recorded/replay.js';
import { makeToken } from './checks.mjs';
import { send } from './requests.mjs';
import { attempt } from './settings.mjs';

const HUB = 'codestream_report';
const USER = 'doctor';
const GROUP = 'doctor';
const CLAIMED = 'doctor_claim';
const VERSION = 'api-version=2024-12-01';
const CLAUSES = 50;
const WAIT_MS = 4000;
const LIVE_ID = /(?<![\w-])[\w-]{31}(?![\w-])/g; // of a connection

const encode = (text) => Buffer.from(text).toString('base64url');
const ownGroup = ({ id }, namespace = '/') => `0~${encode(namespace)}~${encode(id)}`;

/** The service, as the questions ask it. */
class Service {
  #sockets = [];

  constructor(settings) {
    this.settings = settings;
    this.path = `/clients/socketio/hubs/${HUB}`;
  }

  /** A REST call; target: path and query. */
  async call(method, target, { type, body, token } = {}) {
    const { url, accessKey } = this.settings;
    const bearer = token ?? makeToken(accessKey, { aud: url + target });
    const headers = { Authorization: `Bearer ${bearer}`, ...(type ? { 'Content-Type': type } : {}) };
    const answer = await send(this.settings, method, url + target, headers, body);
    return { ...answer, text: answer.body };
  }

  hub(method, rest, more) {
    return this.call(method, `/api/hubs/${HUB}${rest}${rest.includes('?') ? '&' : '?'}${VERSION}`, more);
  }

  tell(group, body) {
    return this.hub('POST', `/groups/${group}/:send`, { type: 'text/plain', body });
  }

  clientToken(scheme) {
    const { url, accessKey } = this.settings;
    const aud = `${scheme ? url.replace(/^https?(?=:)/, scheme) : url}${this.path}`;
    return makeToken(accessKey, { aud, sub: USER, 'webpubsub.group': [CLAIMED] });
  }

  /** Opens a WebSocket and joins namespaces; the result has a socket for each of them. */
  async connect(namespaces = ['/']) {
    const { Manager } = await import('socket.io-client');
    const query = { access_token: this.clientToken() };
    const options = { path: this.path, query, transports: ['websocket'], reconnection: false };
    const manager = new Manager(this.settings.url, options);
    const sockets = namespaces.map((namespace) => manager.socket(namespace));
    this.#sockets.push(...sockets);
    const seen = { sockets };
    manager.engine?.on('handshake', (opened) => (seen.opened = opened));
    await Promise.all(sockets.map((socket) => soon(once(socket, 'connect'), 'no connection')));
    manager.engine.on('close', (_, why) => (seen.closeCode = why?.context?.code));
    return Object.assign(seen, { manager, id: manager.engine.id });
  }

  close() {
    for (const socket of this.#sockets) socket.disconnect();
  }
}

async function soon(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(what)), WAIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const form = (id) =>
  `${id.length} characters, ${/^[\w-]+$/.test(id) ? 'base64url' : 'not base64url'}${id.includes('.') ? ', with a dot' : ''}`;

/** What happens to a connection: its close code, or that it stays. */
async function fate({ manager, ...seen }) {
  const ended = await soon(once(manager.engine, 'close'), '').catch(() => undefined);
  return ended ? `closed with ${ended[1]?.context?.code ?? seen.closeCode ?? 'no code'}` : 'stays open';
}

const describe = ({ status, headers, text }) => {
  const keys = Object.keys(attempt(() => JSON.parse(text)) ?? {});
  const parts = [status, headers['x-ms-error-code'], headers['content-type'], keys.join(' ')];
  return parts.filter(Boolean).join(', ') || 'no answer';
};

/** Question, and how it is asked: each with connections of its own where it changes them. */
const QUESTIONS = [
  ['the form of a connection id', async (service) => form((await service.connect()).id)],
  ['the form of a socket id', async (service) => form((await service.connect()).sockets[0].id)],
  ['the open packet', async (service) => {
    const { pingInterval, pingTimeout, maxPayload } = (await service.connect()).opened ?? {};
    return `pingInterval ${pingInterval}, pingTimeout ${pingTimeout}, maxPayload ${maxPayload}`;
  }],
  ['is a client in the groups of its token\'s webpubsub.group?', async (service) => {
    await service.connect();
    return describe(await service.hub('HEAD', `/groups/${CLAIMED}`));
  }],
  [`a send with a filter of ${CLAUSES} clauses`, async (service) => {
    const clauses = Array.from({ length: CLAUSES }, (_, n) => `'g${n}' in groups`).join(' or ');
    const target = `/groups/${GROUP}/:send?filter=${encodeURIComponent(clauses)}`;
    return describe(await service.hub('POST', target, { type: 'text/plain', body: '42["x"]' }));
  }],
  ['what :generateToken makes by default', async (service) => {
    const answer = await service.hub('POST', '/:generateToken');
    const { token } = attempt(() => JSON.parse(answer.text)) ?? {};
    const claims = attempt(() => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')));
    return claims ? new URL(claims.aud).pathname.replace(HUB, '{hub}') : describe(answer);
  }],
  ['a client token in the header Authorization alone', async (service) => {
    const token = service.clientToken();
    const target = `${service.path}/?EIO=4&transport=polling`;
    return `status ${(await service.call('GET', target, { token })).status}`;
  }],
  ['a client token whose aud begins with wss', async (service) => {
    const query = `EIO=4&transport=polling&access_token=${service.clientToken('wss')}`;
    return `status ${(await service.call('GET', `${service.path}/?${query}`)).status}`;
  }],
  ['a REST call without api-version', async (service) =>
    describe(await service.call('HEAD', `/api/hubs/${HUB}/groups/none`))],
  ['a REST call with a wrong token', async (service) =>
    describe(await service.hub('POST', '/:send', { token: 'a.b.c', type: 'text/plain', body: '' }))],
  ['a connection that REST closes', async (service) => {
    const client = await service.connect();
    const [end] = await Promise.all([fate(client), service.hub('DELETE', `/connections/${client.id}`)]);
    return end;
  }],
  ['a client that sends what is no packet', async (service) => {
    const client = await service.connect();
    client.manager.engine.write('junk');
    return fate(client);
  }],
  ['what no client can read, 42[1, sent by REST', async (service) => {
    const client = await service.connect();
    await service.tell(ownGroup(client.sockets[0]), '42[1');
    return `${await fate(client)} (closed without a code: it was passed on)`;
  }],
  ['a connection that leaves all groups', async (service) => {
    const client = await service.connect();
    await service.hub('DELETE', `/connections/${client.id}/groups`);
    const { status } = await service.hub('HEAD', `/groups/${ownGroup(client.sockets[0])}`);
    return status === 200 ? 'stays in the room of its socket' : 'leaves the room of its socket, too';
  }],
  ['41{"close":true} for one of two namespaces', async (service) => {
    const { sockets } = await service.connect(['/', '/doctor']);
    const ends = sockets.map((socket) => soon(once(socket, 'disconnect'), '').catch(() => ['stays']));
    await service.tell(ownGroup(sockets[0]), '41{"close":true}');
    const [[first], [second]] = await Promise.all(ends);
    return `that one: ${first}; the other: ${second}`;
  }],
];

/** What is said of somebody who should be there. */
const NEEDS_CLIENT = /{(connection|user|group)}/;

/** @returns {Promise<boolean>} whether all that was recorded is so here */
export async function report(settings) {
  if (!settings.accessKey) {
    console.log('FAIL  the report needs an access key; fix: set the connection string');
    return false;
  }
  const service = new Service(settings);
  const { problem } = await service.call('HEAD', `/api/health?${VERSION}`);
  if (problem) {
    console.log(`FAIL  the service: ${problem}; fix: is the endpoint right, and within reach?`);
    return false;
  }
  const { status } = await service.hub('HEAD', '/groups/none');
  if (status === 401 || status === 403) {
    console.log(`FAIL  the service: status ${status}; fix: is the access key that of the endpoint?`);
    return false;
  }
  const source = `REC ${new Date().toISOString().slice(0, 10)}`;
  const row = (...cells) =>
    console.log(`| ${cells.map((cell) => anonymous(settings, cell).replaceAll('|', '\\|')).join(' | ')} |`);
  console.log('| question | source | answer |\n| --- | --- | --- |');
  try {
    for (const [question, ask] of QUESTIONS) {
      row(question, source, await ask(service).catch(({ message }) => `not known: ${message}`));
    }
    return await replay(service, (operation, answer) => row(operation, source, answer));
  } finally {
    service.close();
  }
}

/** Each part of what was said is cut by itself, so that the last one is not lost to the first. */
function anonymous({ host, url, quote }, cell) {
  const hide = (text) =>
    text.replaceAll(new URL(url).host, '{host}').replaceAll(host, '{host}').replace(LIVE_ID, '{id}');
  return cell.split('; ').map((part) => quote(hide(part))).join('; ');
}

/** The recorded requests, one by one: what differs is told, and what does not. */
async function replay(service, tell) {
  const client = await service.connect().catch(() => undefined);
  const names = { hub: HUB, connection: client?.id, user: USER, group: GROUP };
  let isAlike = true;
  for (const row of ROWS) {
    if (!client && NEEDS_CLIENT.test(JSON.stringify(row))) {
      tell(row.operation, 'not known: no connection');
      isAlike = false;
      continue;
    }
    const { method, target, type, body } = requestOf(row, names);
    const answer = await service.call(method, target, { type, body });
    const found = answer.status ? differences(row, answer) : [answer.problem];
    const kind = row.kind ? ` (recorded of a ${row.kind} resource)` : '';
    tell(`${row.operation}${kind}`, found.join('; ') || `as recorded ${row.source} ${row.date}`);
    isAlike &&= found.length === 0 || row.kind !== undefined;
  }
  return isAlike;
}
