// Abuse protection: before the service delivers events it asks whether we want them from it.
import assert from 'node:assert/strict';
import { request } from '../lib/http.js';
import { connectionString, runHandler, startHandler } from '../lib/handler.js';
import { after, before, test } from '../lib/test.js';

const HOST = 'example.webpubsub.azure.com';
const ORIGINS = 'replica.example, https://live.example:8443 GATEWAY.example';
let handler;
let wider; // knows of further origins

before(async () => {
  const service = connectionString(`https://${HOST}`);
  handler = await startHandler({ service });
  wider = await startHandler({ service, env: { CODESTREAM_SERVICE_ORIGINS: ORIGINS } });
});
after(() => Promise.all([handler?.stop(), wider?.stop()]));

/** `origin`: the header's value, several values, or null: there is none. */
const validate = (origin, { path = '/eventhandler', headers = [], at = handler } = {}) => {
  const values = [origin ?? []].flat();
  const lines = values.map((value) => ['WebHook-Request-Origin', value]);
  return request(at.port, { method: 'OPTIONS', path, headers: [...lines, ...headers] });
};

async function allowed(answer, expected) {
  const { status, headers, text } = await answer;
  assert.equal(status, 200, text);
  assert.deepEqual(headers.get('webhook-allowed-origin'), [expected]);
}

async function refused(answer, what) {
  const { status, header, json, text } = await answer;
  assert.equal(status, 400, `${what}: ${text}`);
  assert.equal(header('webhook-allowed-origin'), undefined);
  assert.equal(typeof json().error.code, 'string');
}

test('our service is told that its events are welcome, as it spelt itself', async () => {
  for (const origin of [HOST, HOST.toUpperCase(), `${HOST}:443`, `https://${HOST}`,
    `HTTPS://${HOST}:443/`, `http://${HOST}`]) {
    await allowed(validate(origin), origin);
  }
  const headers = [['webhook-request-origin', HOST]];
  await allowed(validate(null, { headers }), HOST);
});

test('of several origins the first that is ours is told', async () => {
  await allowed(validate(`other.example,${HOST}`), HOST);
  await allowed(validate(`${HOST}, other.example`), HOST);
  await allowed(validate(`other.example  ${HOST}`), HOST);
  await allowed(validate(`other.example,${HOST}:443 ${HOST}`), `${HOST}:443`);
  await allowed(validate(['other.example', HOST]), HOST);
  await allowed(validate([HOST, 'other.example']), HOST);
  await allowed(validate(['a.example, b.example', `c.example ${HOST.toUpperCase()}`]),
    HOST.toUpperCase());
});

test('the validation carries what a real one carries and changes nothing', async () => {
  const headers = [['ce-awpsversion', '1.0']];
  await allowed(validate(HOST, { path: '/eventhandler?code=abc', headers }), HOST);
  await allowed(validate(HOST, { path: '/api/eventhandler' }), HOST);
  await allowed(validate(HOST, { path: '/API/EventHandler' }), HOST);
});

test('another service is refused', async () => {
  const near = ['other.example', `x${HOST}`, `${HOST}.evil.example`, `evil.example/${HOST}`,
    'webpubsub.azure.com', '*', ',', HOST.replaceAll('.', 'x'), `${HOST}:80`, `${HOST}:8443`,
    `${HOST}:`, `${HOST}/x`, `https://${HOST}/x`, `user@${HOST}`, `https://evil.example@${HOST}`,
    `ftp://${HOST}`, `${HOST};x`, 'replica.example'];
  for (const origin of near) await refused(validate(origin), origin);
  await refused(validate(['other.example', 'another.example']), 'two others');
});

test('a validation that does not say for whom is refused', async () => {
  await refused(validate(null), 'none');
  await refused(validate(''), 'empty');
  await refused(validate(['', '']), 'empty twice');
});

test('replicas, custom domains and gateways are ours where the settings name them', async () => {
  const at = wider;
  for (const origin of ['replica.example', 'Replica.Example', 'replica.example:9443',
    'https://replica.example', 'live.example', 'live.example:8443', 'https://live.example:8443',
    'gateway.example', HOST, `${HOST}:443`]) {
    await allowed(validate(origin, { at }), origin);
  }
  await allowed(validate(`live.example,${HOST}`, { at }), 'live.example');
  for (const origin of ['live.example:443', 'example', 'x.replica.example', 'live.example.evil',
    'other.example']) {
    await refused(validate(origin, { at }), origin);
  }
});

test('a list of origins that has something else in it is told by its name', async () => {
  const env = { WebPubSubForSocketIOConnectionString: connectionString(`https://${HOST}`) };
  for (const list of ['*', 'a.example, SECRET/path', 'https://', 'SECRET:port', 'ftp://SECRET']) {
    const wrong = await runHandler(['--check'], { ...env, CODESTREAM_SERVICE_ORIGINS: list });
    assert.notEqual(wrong.code, 0, list);
    assert.match(wrong.stdout + wrong.stderr, /CODESTREAM_SERVICE_ORIGINS/);
    assert.doesNotMatch(wrong.stdout + wrong.stderr, /SECRET/);
  }
  const right = await runHandler(['--check'], { ...env, CODESTREAM_SERVICE_ORIGINS: ORIGINS });
  assert.equal(right.code, 0, right.stderr);
  assert.match((await runHandler(['--help'])).stdout, /CODESTREAM_SERVICE_ORIGINS/);
});
