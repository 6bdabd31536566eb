// More faults that deployments have than the eleven of doctor-causes.test.js: infra/doctor.mjs finds
// each at the check where it belongs, names it, says how to fix it, and suspects nothing else.
import assert from 'node:assert/strict';
import { test, before, after } from '../lib/test.js';
import { makeCertificates } from '../lib/certificates.js';
import {
  behindProxy, CONNECTION, deploy, inFrontOf, withDeployment,
} from '../lib/deployment.js';
import { assertNothingSecretSaid, CHECK, diagnose } from '../lib/doctor.js';
import { connectionString } from '../lib/handler.js';
import { startProxy } from '../lib/reverse-proxy.js';
import { freePort } from '../lib/stack.js';

const OTHER_KEY = 'another-access-key-of-another-service-0123456789';
/** `make test` has an example of each fault; what differs from it in a value is here. */
const ALL = process.env.DEPLOYMENTS === 'all';
const TEN_MINUTES_MS = 10 * 60_000;
const TEN_MINUTES = /\b10 min|\b(59|60)\d s/; // as it may be told

/** A test for each case, side by side: each has a deployment and a doctor of its own to wait for. */
function together(sentence, cases, check) {
  test(sentence, { timeout: 60_000, concurrency: 4 }, (t) => Promise.all(
    Object.entries(cases).map(([name, given]) => t.test(name, () => check(given)))));
}

let healthy;
let certificates;
before(async () => {
  [healthy, certificates] = await Promise.all([deploy(), makeCertificates()]);
});
after(async () => {
  await healthy?.close();
  await certificates?.remove();
});

test('forwarding off', async () => {
  const off = ({ customHandler }) => {
    delete customHandler.enableForwardingHttpRequest;
    delete customHandler.enableProxyingHttpRequest;
  };
  await withDeployment({ edit: { 'host.json': off } }, async (app) => {
    const report = await diagnose(app);
    report.assertFails(CHECK.negotiate, /enableForwardingHttpRequest/, /host\.json/);
    report.assertSuspects(CHECK.negotiate);
    report.assertNames(/the host wraps requests/);
  });
});

test('clients are sent to another address of the service', async () => {
  const at = ({ endpoint }) => endpoint.replace('localhost', '127.0.0.1');
  const handler = (service) => ({ CODESTREAM_CLIENT_ENDPOINT: at(service) });
  await withDeployment({ handler }, async (app) => {
    const settings = { CODESTREAM_CLIENT_ENDPOINT: at(app.service) };
    const told = await diagnose(app, { args: [], settings });
    told.assertHealthy();
    told.assertOk(CHECK.client, CHECK.rest, CHECK.signed);
    const report = await diagnose(app, { args: [] });
    report.assertFails(CHECK.negotiate, /CODESTREAM_CLIENT_ENDPOINT/);
    const page = await diagnose(app, { settings });
    page.assertFails(CHECK.page, /policy names another one/);
  });
});

test('wrong hub: the service has its event handler at another one', async () => {
  await withDeployment({ event: { hub: 'other' } }, async (app) => {
    app.service.setEventHandlers('codestream', []);
    const report = await diagnose(app);
    report.assertFails(CHECK.client, /\bhub\b/, /\bcodestream\b/, /no event handler/);
    report.assertSuspects(CHECK.client);
  });
});

test('wrong key: the handler has that of another service', async () => {
  const handler = ({ endpoint }) => ({ [CONNECTION]: connectionString(endpoint, OTHER_KEY) });
  await withDeployment({ handler }, async (app) => {
    const report = await diagnose(app);
    report.assertFails(/negotiate|^a signed event/, /access key/, /connection string/);
    report.assertSuspects(CHECK.negotiate, CHECK.signed, CHECK.client);
  });
});

test('function key missing: the hub has no ?code= in its URL template', async () => {
  const event = ({ url }) => ({ urlTemplate: `${url}/eventhandler` });
  await withDeployment({ event }, async (app) => {
    const report = await diagnose(app);
    report.assertFails(CHECK.client, /URL template/, /\?code=/);
    report.assertSuspects(CHECK.client);
  });
});

test('function key missing: it was not told to the doctor, or wrongly', async () => {
  await Promise.all([undefined, 'another-key'].map(async (key) => {
    const report = await diagnose(healthy, { settings: { CODESTREAM_FUNCTION_KEY: key } });
    report.assertFails(CHECK.validation, /function key/, /CODESTREAM_FUNCTION_KEY/);
    report.assertSuspects(CHECK.validation, CHECK.signed);
    assert.doesNotMatch(report.text, /access key/); // the host has refused, not the handler
  }));
});

test('function key missing: the function does not ask for one', async () => {
  const open = ({ bindings: [trigger] }) => { trigger.authLevel = 'anonymous'; };
  await withDeployment({ edit: { 'eventhandler/function.json': open } }, async (app) => {
    const report = await diagnose(app);
    report.assertFails(CHECK.functionKey, /without its function key/, /authLevel/);
    report.assertSuspects(CHECK.functionKey);
  });
});

test('OPTIONS not listed in function.json', async () => {
  const lost = ({ bindings: [trigger] }) => { trigger.methods = ['post']; };
  await withDeployment({ edit: { 'eventhandler/function.json': lost } }, async (app) => {
    const report = await diagnose(app);
    report.assertFails(CHECK.validation, /OPTIONS/, /eventhandler\/function\.json/);
    report.assertSuspects(CHECK.validation, CHECK.client);
  });
});

together('CORS missing', {
  'no origin is allowed on the platform': { cors: [], platformCors: true },
  'another origin is allowed': { cors: ['https://other.example'] },
}, async (host) => {
  await withDeployment({ host }, async (app) => {
    const report = await diagnose(app);
    report.assertFails(CHECK.cors, new RegExp(app.origin), /cors/i);
    report.assertSuspects(CHECK.cors);
  });
});

test('service unreachable: nothing is said of what could not be tried', async () => {
  const port = await freePort();
  const handler = { [CONNECTION]: connectionString(`http://localhost:${port}`) };
  await withDeployment({ handler }, async (app) => {
    const report = await diagnose(app, { settings: handler, args: [] });
    report.assertFails(CHECK.anonymous, new RegExp(`localhost:${port}`), /cannot connect/);
    report.assertSuspects(CHECK.anonymous);
    report.assertNotOk(CHECK.rest, CHECK.client);
  });
});

test('function app unreachable', async () => {
  const port = await freePort();
  const report = await diagnose(healthy, { url: `http://127.0.0.1:${port}` });
  report.assertFails(CHECK.ready, /cannot connect/, new RegExp(`127\\.0\\.0\\.1:${port}`));
  report.assertSuspects(CHECK.ready, CHECK.negotiate, CHECK.validation);
  const { cors, functionKey, signed, forged } = CHECK;
  report.assertNotOk(cors, functionKey, signed, forged);
});

const offBy = { slow: -TEN_MINUTES_MS, ...(ALL && { fast: TEN_MINUTES_MS }) };

together('clock off by 10 minutes: the service\'s', offBy, async (clockOffMs) => {
  await behindProxy({ clockOffMs }, {}, async (app) => {
    const report = await diagnose(app);
    report.assertFails(CHECK.clock, /clock/, /\bthis machine\b|function app/, TEN_MINUTES);
    report.assertSuspects(CHECK.clock);
  });
});

test('clock off by 10 minutes: the function app\'s is slow', async () => {
  const clockOffMs = -TEN_MINUTES_MS;
  await inFrontOf(healthy, { clockOffMs }, async ({ url }) => {
    const report = await diagnose(healthy, { url });
    report.assertFails(CHECK.clock, /clock/, /function app/, TEN_MINUTES);
    report.assertSuspects(CHECK.clock);
  });
});

together('event pattern empty', {
  'it is ""': '', ...(ALL && { 'it is not set': undefined, 'it is another': 'somethingElse' }),
}, async (userEventPattern) => {
  await withDeployment({ event: { userEventPattern } }, async (app) => {
    const report = await diagnose(app);
    report.assertFails(CHECK.client, /events do not reach/, /userEventPattern/, /\*/);
    report.assertSuspects(CHECK.client);
  });
});

test('anonymous hub', async () => {
  await withDeployment({ hub: { anonymousConnectPolicy: 'allow' } }, async (app) => {
    const report = await diagnose(app);
    report.assertFails(CHECK.anonymous, /no token/, /anonymousConnectPolicy/, /deny/);
    report.assertSuspects(CHECK.anonymous);
  });
});

test('expired certificate: the service\'s', async () => {
  const settings = { CODESTREAM_CA_FILE: certificates.authorityFile };
  await behindProxy({ tls: certificates.expired }, { handler: settings }, async (app, proxy) => {
    const report = await diagnose(app, { settings });
    report.assertFails(CHECK.anonymous, /certificate/, /expired/);
    assert.deepEqual(proxy.requests, [], 'something was told to who could not prove its name');
  });
});

test('expired certificate: the function app\'s', async () => {
  const settings = { CODESTREAM_CA_FILE: certificates.authorityFile };
  await inFrontOf(healthy, { tls: certificates.expired }, async ({ url, requests }) => {
    const report = await diagnose(healthy, { url, settings });
    report.assertFails(CHECK.ready, /certificate/, /expired/);
    assert.deepEqual(requests, [], 'something was told to who could not prove its name');
  });
});

test('a certificate of an unknown authority is named as what it is', async () => {
  await behindProxy({ tls: certificates.valid }, {}, async (app, proxy) => {
    const report = await diagnose(app);
    report.assertFails(CHECK.anonymous, /certificate/);
    assert.deepEqual(proxy.requests, []);
  });
});

test('wrong aud: the service is known by another name than in the connection string', async () => {
  const proxy = await startProxy();
  const handler = { [CONNECTION]: connectionString(proxy.url) };
  try {
    await withDeployment({ handler }, async (app) => {
      proxy.to(app.service.port);
      const report = await diagnose(app, { settings: handler, args: [] });
      report.assertFails(CHECK.rest, /audience/);
      report.assertSuspects(CHECK.rest);
      report.assertNotOk(CHECK.client);
    });
  } finally {
    await proxy.close();
  }
});

test('system events not listed: nobody is greeted', async () => {
  await withDeployment({ event: { systemEvents: [] } }, async (app) => {
    const report = await diagnose(app);
    report.assertFails(CHECK.client, /system events?/i, /connected/);
    report.assertSuspects(CHECK.client);
  });
});

test('nothing secret is in anything that it has said', () => {
  assertNothingSecretSaid(OTHER_KEY, 'another-key');
});
