// `codestream doctor` where nothing is wrong, where there is nothing of ours, and how it is called.
// doctor-faults.test.js has what it finds.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { test, before, after } from '../lib/test.js';
import { makeCertificates } from '../lib/certificates.js';
import {
  behindProxy, CONNECTION, deploy, FUNCTION_KEY, inFrontOf, PAGE, withDeployment,
} from '../lib/deployment.js';
import { assertNothingSecretSaid, CHECK, diagnose, runDoctor } from '../lib/doctor.js';
import { runHandler } from '../lib/handler.js';
import { ENTRA_TOKEN, startIdentityEndpoint } from '../lib/identity-endpoint.js';

let healthy;
let certificates;
before(async () => {
  [healthy, certificates] = await Promise.all([deploy(), makeCertificates()]);
});
after(async () => {
  await healthy?.close();
  await certificates?.remove();
});

// ---- a healthy system ----

test('of a healthy system it says nothing but that all is well', async () => {
  const report = await diagnose(healthy);
  report.assertHealthy();
  report.assertOk(...Object.values(CHECK));
});

test('an address may end with a slash, and no page need be named', async () => {
  const report = await diagnose(healthy, { url: `${healthy.host.url}/`, args: [] });
  report.assertHealthy();
  assert.ok(!report.checks.some(({ name }) => CHECK.cors.test(name)), report.text);
});

test('what it asks leaves nothing behind', async () => {
  await diagnose(healthy);
  assert.equal(healthy.service.hub('codestream').connections.size, 0);
});

for (const name of ['chat', 'hello']) {
  test(`the application ${name} is healthy too`, async () => {
    await withDeployment({ handler: { CODESTREAM_APP: name } }, async (app) => {
      const report = await diagnose(app);
      report.assertHealthy();
      report.assertOk(...Object.values(CHECK));
    });
  });
}

test('of another application too it is found that its events do not arrive', async () => {
  const options = { handler: { CODESTREAM_APP: 'chat' }, event: { userEventPattern: '' } };
  await withDeployment(options, async (app) => {
    const report = await diagnose(app);
    report.assertFails(CHECK.client, /userEventPattern/);
    report.assertSuspects(CHECK.client);
  });
});

for (const generation of ['old', 'new']) {
  test(`the ${generation} host is healthy, with CORS by the platform`, async () => {
    await withDeployment({ host: { generation, platformCors: true } }, async (app) => {
      (await diagnose(app)).assertHealthy();
    });
  });
}

test('an app below /api is healthy, and misplaced at the root', async () => {
  const edit = { 'host.json': (json) => { delete json.extensions; } };
  const event = ({ url }) => ({ urlTemplate: `${url}/api/eventhandler?code=${FUNCTION_KEY}` });
  await withDeployment({ edit, event }, async (app) => {
    (await diagnose(app, { url: `${app.host.url}/api` })).assertHealthy();
    (await diagnose(app)).assertFails(CHECK.negotiate, /\/api/, /routePrefix/);
  });
});

test('a system behind TLS is healthy', async () => {
  const tls = certificates.valid;
  const settings = { CODESTREAM_CA_FILE: certificates.authorityFile };
  await behindProxy({ tls }, { handler: settings }, async (app) => {
    await inFrontOf(app, { tls }, async ({ url }) => {
      (await diagnose(app, { url, settings })).assertHealthy();
    });
  });
});

test('an app with a managed identity is healthy; what needs a key is left out', async () => {
  const identity = await startIdentityEndpoint();
  const ofDoctor = ({ endpoint }) => ({
    [CONNECTION]: undefined,
    [`${CONNECTION}__endpoint`]: endpoint,
  });
  const handler = (service) => ({
    ...ofDoctor(service), ...identity.env, CODESTREAM_SECRET: 's'.repeat(32),
  });
  try {
    await withDeployment({ handler, service: { identityTokens: [ENTRA_TOKEN] } }, async (app) => {
      const report = await diagnose(app, { settings: ofDoctor(app.service) });
      assert.equal(report.code, 0, report.text);
      report.assertSuspects();
      const { ready, negotiate, cors, validation, anonymous, client } = CHECK;
      report.assertOk(ready, negotiate, cors, validation, anonymous, client);
    });
  } finally {
    await identity.close();
  }
});

// ---- addresses that are something else ----

/** A web server that is not ours, whatever it answers; it keeps what it was sent. */
async function withStranger(answer, check) {
  const requests = [];
  const server = http.createServer((request, response) => {
    requests.push(request);
    const { status = 200, headers = {}, body = '' } = answer(request);
    response.writeHead(status, headers).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await check(`http://127.0.0.1:${server.address().port}`, requests);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

for (const [what, body] of Object.entries({
  'a page': '<!doctype html><title>Welcome</title>',
  nothing: '',
  'other JSON': '{"endpoint":7,"path":[],"room_id":{},"token":null}',
  'too much': 'x'.repeat(1_000_000),
})) {
  test(`an address where every answer is ${what} is not taken for ours`, async () => {
    await withStranger(() => ({ body }), async (url) => {
      const report = await diagnose(healthy, { url });
      report.assertFails(CHECK.negotiate, /right address|too large/);
      const { cors, validation, signed, forged, client } = CHECK;
      report.assertNotOk(cors, validation, signed, forged, client);
    });
  });
}

/** What a stranger can answer who has seen an answer of ours. */
function answerLikeOurs(changes = {}) {
  const { endpoint } = healthy.service;
  const token = 'e30.e30.c2lnbmF0dXJl';
  return JSON.stringify({
    url: `${endpoint}/?access_token=${token}`,
    endpoint,
    path: '/clients/socketio/hubs/codestream',
    room_id: 'AAAAAAAAAAAAAAAAAAAAAA',
    role: 'writer',
    token,
    ...changes,
  });
}

test('nobody is sent a signature who has not shown the access key', async () => {
  await withStranger(() => ({ body: answerLikeOurs() }), async (url, requests) => {
    const report = await diagnose(healthy, { url });
    assert.equal(report.code, 1, report.text);
    const signatures = requests.map(({ headers }) => headers['ce-signature']).filter(Boolean);
    assert.deepEqual(signatures, []);
  });
});

const CONTROL = /[\0-\x09\x0b-\x1f\x7f]/; // but for the ends of the doctor's own lines

for (const member of ['endpoint', 'path', 'room_id', 'token']) {
  test(`control characters in a stranger's ${member} get nowhere`, async () => {
    for (const text of ['\u001b[31m', '\r\nx-injected: 1\r\nx-rest: ', '\r\n\r\n']) {
      const body = answerLikeOurs({ [member]: text });
      await withStranger(() => ({ body }), async (url, requests) => {
        const report = await diagnose(healthy, { url });
        assert.equal(report.code, 1, report.text);
        assert.doesNotMatch(report.text, CONTROL);
        assert.deepEqual(requests.filter(({ headers }) => headers['x-injected']), []);
      });
    }
  });
}

// ---- using it ----

test('without settings it says which one is missing', async () => {
  const { code, text } = await runDoctor([healthy.host.url], {});
  assert.equal(code, 1);
  assert.match(text, new RegExp(`^FAIL .*${CONNECTION} `, 'm'));
});

for (const args of [[], ['http://localhost:1', '--page'], ['http://localhost:1', 'other', 'x'],
  ['--page', PAGE]]) {
  test(`${JSON.stringify(args)} is no way to call it`, async () => {
    const { code, stdout, stderr } = await runHandler(['doctor', ...args], {
      [CONNECTION]: healthy.service.connectionString,
    });
    assert.equal(code, 2, stdout);
    assert.match(stderr, /usage: .*doctor URL/s);
  });
}

test('nothing secret is in anything that it has said', () => assertNothingSecretSaid());
