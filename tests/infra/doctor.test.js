// infra/doctor.mjs where nothing is wrong, where there is nothing of ours, and how it is called.
// doctor-faults.test.js has what it finds.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { test, before, after } from '../lib/test.js';
import { makeCertificates } from '../lib/certificates.js';
import {
  behindProxy, CONNECTION, deploy, FUNCTION_KEY, inFrontOf, withDeployment,
} from '../lib/deployment.js';
import { assertNothingSecretSaid, CHECK, diagnose, runDoctor } from '../lib/doctor.js';
import { ACCESS_KEY, runHandler } from '../lib/handler.js';
import { ENTRA_TOKEN, startIdentityEndpoint } from '../lib/identity-endpoint.js';

const WORD = 'a word of the owner, and "quoted"';

let healthy;
let certificates;
let endless;
before(async () => {
  [healthy, certificates] = await Promise.all([deploy(), makeCertificates()]);
  endless = await diagnoseEndless();
});
after(async () => {
  endless?.close();
  await healthy?.close();
  await certificates?.remove();
});

/** The doctor at a server whose answers do not end; it takes its time, so it runs beside the others. */
async function diagnoseEndless() {
  const server = http.createServer((request, response) => {
    if (request.url === '/') response.end();
    else response.write('{');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const report = diagnose(healthy, { url: `http://127.0.0.1:${server.address().port}` });
  report.catch(() => {}); // until its test asks
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { report, close };
}

// ---- a healthy system ----

test('of a healthy system it says nothing but that all is well, and leaves nothing behind',
  async () => {
    const report = await diagnose(healthy);
    report.assertHealthy();
    report.assertOk(...Object.values(CHECK));
    assert.doesNotMatch(report.text, /not ours/, 'the page is read as a website sends it');
    assert.equal(healthy.service.hub('codestream').connections.size, 0);
  });

test('an address may end with a slash, and no page need be named', async () => {
  const report = await diagnose(healthy, { url: `${healthy.host.url}/`, args: [] });
  report.assertHealthy();
  assert.ok(!report.checks.some(({ name }) => CHECK.cors.test(name)), report.text);
});

for (const name of ['chat', 'hello']) {
  test(`the application ${name} is healthy too`, async () => {
    await withDeployment({ app: name }, async (app) => {
      const report = await diagnose(app);
      report.assertHealthy();
      report.assertOk(...Object.values(CHECK));
    });
  });
}

test('of another application too it is found that its events do not arrive', async () => {
  const options = { app: 'chat', event: { userEventPattern: '' } };
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

test('a system behind TLS is healthy, and so it is through a proxy', async () => {
  const tls = certificates.valid;
  const settings = { CODESTREAM_CA_FILE: certificates.authorityFile };
  const tunnels = await startTunnels();
  try {
    await behindProxy({ tls }, { handler: settings }, async (app, { url: service }) => {
      await inFrontOf(app, { tls }, async ({ url }) => {
        (await diagnose(app, { url, settings })).assertHealthy();
        assert.deepEqual([...tunnels.asked], []);
        const through = { ...settings, HTTPS_PROXY: tunnels.url };
        (await diagnose(app, { url, settings: through })).assertHealthy();
        assert.deepEqual([...tunnels.asked].sort(), [url, service].map((one) => new URL(one).host).sort());
      });
    });
  } finally {
    tunnels.close();
  }
});

/** A proxy for https; asked: where it has opened tunnels to. */
async function startTunnels() {
  const asked = new Set();
  const server = http.createServer();
  server.on('connect', ({ url }, socket) => {
    asked.add(url);
    const onward = net.connect(url.split(':')[1], '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const one of [socket, onward]) one.on('error', () => [socket, onward].forEach((s) => s.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => server.close();
  return { asked, url: `http://127.0.0.1:${server.address().port}`, close };
}

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

test('of what make run has started it needs no setting at all', async () => {
  await withDeployment({ host: { key: undefined } }, async (app) => {
    const report = await runDoctor([app.host.url, '--page', app.page], {});
    assert.equal(report.code, 0, report.text);
    report.assertSuspects();
    const { ready, negotiate, cors, page, validation, signed, forged, rest, client } = CHECK;
    report.assertOk(ready, negotiate, cors, page, validation, signed, forged, rest, client);
  });
});

test('of a service alone it looks at what a service alone can do', async () => {
  const { connectionString: right } = healthy.service;
  const report = await runDoctor(['--service'], { [CONNECTION]: right });
  report.assertHealthy();
  const { anonymous, clock, rest, client } = CHECK;
  report.assertOk(anonymous, clock, rest, client);
  assert.equal(report.checks.length, 4, report.text);
  const wrong = right.replace(ACCESS_KEY, 'x'.repeat(44));
  const other = await runDoctor(['--service'], { [CONNECTION]: wrong });
  other.assertNames(/service refuses our token.*Web PubSub, Keys/);
  assert.equal(healthy.service.hub('codestream').connections.size, 0);
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
      const { cors, validation, signed, forged } = CHECK;
      report.assertNotOk(cors, validation, signed, forged);
      report.assertSuspects(CHECK.negotiate);
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
    const report = await diagnose(healthy, { url, settings: { CODESTREAM_WRITERS: WORD } });
    assert.equal(report.code, 1, report.text);
    const signatures = requests.map(({ headers }) => headers['ce-signature']).filter(Boolean);
    assert.deepEqual(signatures, []);
    // Nor the function key, which is in the URL, nor the word, which is in the body of a POST.
    assert.deepEqual(requests.filter((one) => one.url.includes('code=')), []);
    assert.deepEqual(requests.filter(({ method }) => method === 'POST'), []);
  });
});

test('what an address says that has been told our secrets is not repeated', async () => {
  const message = `${ACCESS_KEY} ${FUNCTION_KEY} ${WORD} ${'x'.repeat(300)} end`;
  const body = JSON.stringify({ error: { code: 'NotForwarded', message } });
  await withStranger(() => ({ status: 500, body }), async (url) => {
    const settings = { CODESTREAM_WRITERS: WORD };
    const report = await diagnose(healthy, { url, args: [], settings });
    report.assertFails(CHECK.negotiate, /NotForwarded/, /enableForwardingHttpRequest/, /host\.json/);
    report.assertSuspects(CHECK.negotiate);
    assert.doesNotMatch(report.text, /word of|quoted|[.]end| end/);
  });
});

test('a host that does not run is told from a handler that does not', async () => {
  const stopped = () => ({ status: 503, body: 'Function host is not running.' });
  await withStranger(stopped, async (url) => {
    const report = await diagnose(healthy, { url });
    report.assertNames(/the host is not running.*Failed to start Worker Channel/);
  });
  await withStranger((request) => ({ status: request.url === '/' ? 200 : 502 }), async (url) => {
    const report = await diagnose(healthy, { url, args: [] });
    report.assertNames(/the handler does not run \(502\).*az functionapp config appsettings list/);
  });
});

test('an address that begins to answer and does not end is not waited for', async () => {
  const report = await endless.report;
  report.assertFails(CHECK.negotiate, /no answer within/);
});

const CONTROL = /[\0-\x09\x0b-\x1f\x7f]/; // but for the ends of the doctor's own lines

for (const member of ['endpoint', 'path', 'room_id', 'token']) {
  test(`control characters in a stranger's ${member} get nowhere`, async () => {
    const texts = ['\u001b[31m', '\r\nx-injected: 1\r\nx-rest: ', '\r\n\r\n'];
    await Promise.all(texts.map(async (text) => {
      const body = answerLikeOurs({ [member]: text });
      await withStranger(() => ({ body }), async (url, requests) => {
        const report = await diagnose(healthy, { url });
        assert.equal(report.code, 1, report.text);
        assert.doesNotMatch(report.text, CONTROL);
        assert.deepEqual(requests.filter(({ headers }) => headers['x-injected']), []);
      });
    }));
  });
}

// ---- using it ----

test('without settings it says which one is missing, and what is wrong with the others', async () => {
  const { code, text } = await runDoctor(['https://app.invalid'], {});
  assert.equal(code, 1);
  assert.match(text, new RegExp(`^FAIL .*${CONNECTION} `, 'm'));
  const wrong = await runDoctor([healthy.host.url], {
    [CONNECTION]: 'Endpoint=http://service.example;AccessKey=;',
    CODESTREAM_HUB: 'a hub',
    CODESTREAM_WRITERS: 'too short',
    CODESTREAM_CA_FILE: '/none',
  });
  assert.equal(wrong.code, 1);
  for (const problem of [`${CONNECTION} has no AccessKey`, `${CONNECTION} .* https://host`,
    'CODESTREAM_HUB', 'CODESTREAM_WRITERS is shorter', 'CODESTREAM_CA_FILE']) {
    assert.match(wrong.text, new RegExp(`^FAIL .*: ${problem}.*; fix: \\S`, 'm'));
  }
  assert.doesNotMatch(wrong.text, /too short|a hub|service\.example/);
});

test('there is no other way to call it than the one that it explains', async () => {
  const [url, page] = ['http://localhost:1', 'https://page.example'];
  const ways = [[], ['http://:::'], ['http://a:99999'], [url, '--page'], [url, 'other', 'x'], ['--page', page], [url, '--page', 'page'],
    ['--service', url], ['--service', '--page', page],
    [url, '--page', page, 'more'], ['localhost:1'], [`${url}/?code=${FUNCTION_KEY}`]];
  await Promise.all(ways.map(async (args) => {
    const { code, text, stderr } = await runDoctor(args, {
      [CONNECTION]: healthy.service.connectionString,
    });
    assert.equal(code, 2, `${args}: ${text}`);
    assert.equal(text, '');
    assert.match(stderr, /usage: .*doctor\.mjs URL/s);
  }));
});

test('the handler knows no doctor', async () => {
  const { code, stderr } = await runHandler(['doctor', healthy.host.url], {
    [CONNECTION]: healthy.service.connectionString,
  });
  assert.equal(code, 2);
  assert.match(stderr, /^codestream: unknown option or missing value: doctor$/m);
  assert.doesNotMatch(stderr, /doctor URL/);
});

test('nothing secret is in anything that it has said', () => assertNothingSecretSaid(WORD));
