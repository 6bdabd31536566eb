// The packaged handler where there is nothing: no C library, no shell, no /proc, no /dev. It has
// to find the service's name, trust its certificate, and do its work.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from '../../tests/lib/test.js';
import { joinRoom, sendToRoom } from '../../tests/lib/events.js';
import { ACCESS_KEY, runHandler, startHandler } from '../../tests/lib/handler.js';
import { Connection, request } from '../../tests/lib/http.js';
import { assertJoin, assertSend, newParty, notPeer, Recorded } from '../../tests/lib/recorded.js';
import { NameServer } from '../../tests/lib/name-server.js';
import { verifyToken } from '../../tests/lib/rest-recorder.js';
import { SecureService } from '../../tests/lib/secure-service.js';
import { Authority, CA_FILE, inRootSettings, makeRoot, NAME_SERVER } from './empty-root.mjs';

const NAME = 'abc.webpubsub.test';
const RESOLV_CONF = { '/etc/resolv.conf': `nameserver ${NAME_SERVER}\n` };
const HOSTS = { '/etc/hosts': `127.0.0.1 localhost\n127.0.0.1 ${NAME}\n` };

let authority;
let trusted;
let names;
let service;
const roots = [];

before(async () => {
  authority = new Authority();
  trusted = { [CA_FILE]: authority.certificate };
  names = await NameServer.start(NAME_SERVER, 53);
  names.names[NAME] = { A: ['127.0.0.1'] };
  service = await SecureService.start(NAME, authority.certify(NAME));
});

after(async () => {
  await service?.close();
  names?.close();
  authority?.close();
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

function newRoot(files) {
  const root = makeRoot(files);
  roots.push(root);
  return root;
}

/** Runs `use` with the handler in a root with these files, and ends the handler as a host does. */
async function inRoot(files, use, { env = {}, at = service } = {}) {
  const settings = inRootSettings(newRoot(files), env);
  const handler = await startHandler({ service: at.connectionString, env: settings });
  const connection = await Connection.open(handler.port);
  try {
    at.recorder.forget();
    await use(new Recorded(handler, at.recorder, connection));
  } finally {
    connection.close();
    await handler.stop();
  }
}

/** One signed event with one REST call. */
async function assertSends(app) {
  const { room, writer } = newParty();
  const event = sendToRoom(writer, '{"n":1}', { ack: 7 });
  assert.deepEqual(await app.ack(event), { success: true }, app.handler.lines.join('\n'));
  assert.deepEqual(app.recorder.faults, []);
  const sent = app.recorder.requests.at(-1);
  const packet = '42["message",{"type":"editorMessage","data":{"n":1}}]';
  assertSend(sent, writer, { room, packet, filter: notPeer(writer) });
}

test('it is ready and mints a token for the service', async () => {
  await inRoot({ ...trusted, ...RESOLV_CONF }, async ({ handler }) => {
    assert.equal((await request(handler.port, { path: '/' })).status, 200);
    const answer = await request(handler.port, { path: '/negotiate' });
    assert.equal(answer.status, 200, answer.text);
    const { endpoint, path, token, role } = JSON.parse(answer.text);
    assert.equal(role, 'writer');
    assert.equal(endpoint, service.recorder.endpoint);
    assert.equal(verifyToken(token, ACCESS_KEY).aud, endpoint + path);
    assert.deepEqual(handler.complaints, []);
  });
});

test('events lead to REST calls over TLS, to a name that DNS knows', async () => {
  names.asked.length = 0;
  service.connections.length = 0;
  await inRoot({ ...trusted, ...RESOLV_CONF }, async (app) => {
    const { control, writer } = newParty();
    const joined = await app.exchange(joinRoom(writer, writer.room, { ack: 1 }));
    assert.equal(joined.answer.status, 200, joined.answer.text);
    assertJoin(joined.requests[0], writer, control);
    await assertSends(app);
    assert.deepEqual(app.handler.complaints, []);
  });
  assert.deepEqual([...new Set(names.asked)].sort(), [`A ${NAME}`, `AAAA ${NAME}`]);
  assert.ok(service.connections.length > 0);
  for (const connection of service.connections) {
    assert.deepEqual(connection, { name: NAME, version: 'TLSv1.3' });
  }
});

test('a name that stands in /etc/hosts needs no DNS', async () => {
  names.asked.length = 0;
  await inRoot({ ...trusted, ...HOSTS }, assertSends);
  assert.deepEqual(names.asked, []);
});

test('a setting names the trusted certificates where they are not in a usual place', async () => {
  const files = { '/elsewhere/ca.pem': authority.certificate, ...HOSTS };
  for (const setting of ['CODESTREAM_CA_FILE', 'SSL_CERT_FILE']) {
    await inRoot(files, assertSends, { env: { [setting]: '/elsewhere/ca.pem' } });
  }
});

for (const usual of ['/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem']) {
  test(`the trusted certificates are found as ${usual}`, async () => {
    await inRoot({ [usual]: authority.certificate, ...HOSTS }, assertSends);
  });
}

/** As a system might have it whose own OpenSSL has parts that ours has not. */
const OPENSSL_CNF = `openssl_conf = init
[init]
providers = providers
engines = engines
[providers]
default = provider
legacy = provider
symcryptprovider = module
[provider]
activate = 1
[module]
module = /usr/lib/ossl-modules/symcryptprovider.so
activate = 1
[engines]
other = engine
[engine]
dynamic_path = /usr/lib/engines-3/other.so
`;

test('settings for another OpenSSL do no harm', async () => {
  const files = { ...trusted, ...HOSTS, '/usr/lib/ssl/openssl.cnf': OPENSSL_CNF };
  await inRoot(files, assertSends);
  await inRoot({ ...trusted, ...HOSTS, '/openssl.cnf': OPENSSL_CNF }, assertSends,
    { env: { OPENSSL_CONF: '/openssl.cnf' } });
});

/** The event is refused as the service's fault, for this reason, and no request has been sent. */
async function assertUnreachable(app, reason) {
  const { writer } = newParty();
  await app.refusedAck(sendToRoom(writer, '{}', { ack: 7 }), 'Upstream');
  assert.deepEqual(app.recorder.requests, []);
  await app.handler.log.next((line) => reason.test(line));
}

test('without trusted certificates it does not start, and says which setting would help', async () => {
  const { code, stderr } = await runHandler(['--port', '0'], inRootSettings(newRoot(HOSTS), {
    WebPubSubForSocketIOConnectionString: service.connectionString }));
  assert.equal(code, 2);
  assert.match(stderr, /\bevent=setting name=CODESTREAM_CA_FILE\b/);
});

test('a service that another authority vouches for is told nothing', async () => {
  const other = new Authority();
  try {
    await inRoot({ [CA_FILE]: other.certificate, ...HOSTS },
      (app) => assertUnreachable(app, /certificate is from an unknown authority/));
  } finally {
    other.close();
  }
});

test('a service whose certificate is for another name is told nothing', async () => {
  const other = await SecureService.start(NAME, authority.certify('other.webpubsub.test'));
  try {
    await inRoot({ ...trusted, ...HOSTS },
      (app) => assertUnreachable(app, /certificate is for another name/), { at: other });
  } finally {
    await other.close();
  }
});

test('a name that nobody knows is told as such', async () => {
  const at = { ...service, recorder: service.recorder };
  at.connectionString = service.connectionString.replace(NAME, `un${NAME}`);
  await inRoot({ ...trusted, ...RESOLV_CONF },
    (app) => assertUnreachable(app, /host name does not resolve/), { at });
});
