// Abuse protection: before the service delivers events it asks whether we want them from it.
import assert from 'node:assert/strict';
import { request } from '../lib/http.js';
import { connectionString, startHandler } from '../lib/handler.js';
import { after, before, test } from '../lib/test.js';

const HOST = 'example.webpubsub.azure.com';
let handler;

before(async () => {
  handler = await startHandler({ service: connectionString(`https://${HOST}`) });
});
after(() => handler?.stop());

const validate = (origin, path = '/eventhandler', headers = {}) => request(handler.port, {
  method: 'OPTIONS',
  path,
  headers: { ...(origin === null ? {} : { 'WebHook-Request-Origin': origin }), ...headers },
});

async function allowed(answer) {
  const { status, header, text } = await answer;
  assert.equal(status, 200, text);
  const hosts = (header('webhook-allowed-origin') ?? '').toLowerCase();
  assert.ok(hosts === '*' || hosts.split(/[ ,]+/).includes(HOST), `allowed: ${hosts}`);
}

async function refused(answer) {
  const { status, header, json, text } = await answer;
  assert.equal(status, 400, text);
  assert.equal(header('webhook-allowed-origin'), undefined);
  assert.equal(typeof json().error.code, 'string');
}

test('our service is told that its events are welcome', async () => {
  await allowed(validate(HOST));
});

test('the case of the host and of the header does not matter', async () => {
  await allowed(validate(HOST.toUpperCase()));
  await allowed(validate(null, '/eventhandler', { 'webhook-request-origin': HOST }));
});

test('of several origins one that is ours is enough', async () => {
  await allowed(validate(`other.example,${HOST}`));
  await allowed(validate(`${HOST}, other.example`));
  await allowed(validate(`other.example  ${HOST}`));
});

test('the validation carries what a real one carries and changes nothing', async () => {
  await allowed(validate(HOST, '/eventhandler?code=abc', { 'ce-awpsversion': '1.0' }));
  await allowed(validate(HOST, '/api/eventhandler'));
  await allowed(validate(HOST, '/EventHandler'));
});

test('another service is refused', async () => {
  for (const origin of ['other.example', `x${HOST}`, `${HOST}.evil.example`, `evil.example/${HOST}`,
    'webpubsub.azure.com', '*', ',', HOST.replaceAll('.', 'x')]) {
    await refused(validate(origin));
  }
});

test('a validation that does not say for whom is refused', async () => {
  await refused(validate(null));
  await refused(validate(''));
});

