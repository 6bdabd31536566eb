// infra/doctor.mjs --report: what it asks a service, and that its rows can be shown to anybody.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { ROWS } from '../../emulator/recorded/replay.js';
import { startWebPubSub } from '../../emulator/webpubsub/service.js';
import { CONNECTION } from '../lib/deployment.js';
import { ACCESS_KEY, ROOT, runProgram } from '../lib/handler.js';
import { test } from '../lib/test.js';

const PROGRAM = path.join(ROOT, 'infra/doctor.mjs');
const REPORT_MS = 60_000;

/** Runs it to its end; the cells of each row, by the first of them. */
async function report(t, options, settings = {}) {
  const lines = [];
  const log = (line) => lines.push(line);
  const service = await startWebPubSub({ accessKeys: [ACCESS_KEY], log, ...options });
  t.after(() => service.close());
  const env = { [CONNECTION]: service.connectionString, ...settings };
  const { code, stdout, stderr } = await runProgram(process.execPath, [PROGRAM, '--report'], env,
    REPORT_MS);
  assert.equal(stderr, '');
  for (const secret of [ACCESS_KEY, 'eyJ', 'Bearer', String(service.port)]) {
    assert.ok(!stdout.includes(secret), `it said ${secret}`);
  }
  const cells = stdout.split('\n').filter((line) => line.startsWith('| '))
    .map((line) => line.slice(2, -2).split(' | '));
  return { code, stdout, lines, rows: new Map(cells.map(([first, ...rest]) => [first, rest])) };
}

test('each recorded request and each open question is a row of a table', async (t) => {
  const { code, rows, lines } = await report(t);
  assert.equal(code, 0);
  const hubs = lines.flatMap((line) => /\/api\/hubs\/([^/?]+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(hubs.filter((hub) => !hub.endsWith('codestream_report')), [], 'hubs of others');
  for (const { operation, kind, source, date } of ROWS.filter((row) => !row.kind)) {
    assert.equal(kind, undefined);
    assert.equal(rows.get(operation)?.at(-1), `as recorded ${source} ${date}`, operation);
  }
  const answers = Object.fromEntries([...rows].map(([question, cells]) => [question, cells.at(-1)]));
  assert.match(answers['the form of a connection id'], /^31 characters, base64url$/);
  assert.equal(answers['a connection that REST closes'], 'closed with 1000');
  assert.match(answers['41{"close":true} for one of two namespaces'], /the other: transport close/);
  assert.match(answers['a client token whose aud begins with wss'], /200/);
  assert.ok(rows.size > ROWS.length + 12);
  for (const [question, answer] of Object.entries(answers)) {
    assert.doesNotMatch(answer, /not known/, question);
  }
});

test('a service that does otherwise is told by its rows, and by the exit status', async (t) => {
  const { code, rows } = await report(t, {
    missingTarget: 'refuse', closingDisconnect: 'all', defaultClientType: 'native',
    groupClaim: true,
  });
  assert.equal(code, 1);
  assert.match(rows.get('send to a connection that is not there').at(-1),
    /status 404 instead of 202; x-ms-error-code "Warning.Connection.NotExisted" instead of null/);
  assert.match(rows.get('41{"close":true} for one of two namespaces').at(-1),
    /the other: io server disconnect/);
  assert.equal(rows.get('what :generateToken makes by default').at(-1), '/client/hubs/{hub}');
  assert.equal(rows.get('is a client in the groups of its token\'s webpubsub.group?').at(-1), '200');
});

test('a service that is not there, and settings without a key, are told', async (t) => {
  const endpoint = 'https://nothing.invalid';
  const none = await report(t, {}, { [CONNECTION]: `Endpoint=${endpoint};Version=1.0;` });
  assert.equal(none.code, 1);
  assert.match(none.stdout, /^FAIL .*AccessKey/);
  const gone = await report(t, {}, {
    [CONNECTION]: `Endpoint=http://localhost;Port=1;AccessKey=${ACCESS_KEY};Version=1.0;`,
  });
  assert.equal(gone.code, 1);
  assert.match(gone.stdout, /^FAIL .*cannot connect/);
});

test('a wrong key is told once, and not as eighty answers of the service', async (t) => {
  const service = await startWebPubSub({ accessKeys: [ACCESS_KEY] });
  t.after(() => service.close());
  const wrong = service.connectionString.replace(ACCESS_KEY, `${ACCESS_KEY}x`);
  const { code, stdout } = await report(t, {}, { [CONNECTION]: wrong });
  assert.equal(code, 1);
  assert.match(stdout, /^FAIL .*status 401; fix: is the access key/);
  assert.doesNotMatch(stdout, /\|/);
});

test('a service that names itself in what it answers is not named, and no client is made up', async (t) => {
  const id = 'Cv1gE4eqzUoUsTfUdil6ZgwcPcrAw02';
  const server = http.createServer(({ headers: { host, authorization } }, response) => {
    const message = `Hub of ${host} has ${id} and ${authorization?.slice(7)}`;
    const type = { 'Content-Type': 'application/json', 'x-ms-error-code': 'Error.Odd' };
    response.writeHead(400, type).end(JSON.stringify({ code: 'Odd', message, target: host }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address();
  const odd = `Endpoint=http://127.0.0.1;Port=${port};AccessKey=${ACCESS_KEY};Version=1.0;`;
  const { stdout, rows } = await report(t, {}, { [CONNECTION]: odd });
  for (const name of [id, String(port), '127.0.0.1']) assert.ok(!stdout.includes(name), name);
  assert.match(rows.get('a permission is revoked without a target').at(-1),
    /message "Hub of \{host\} has \{id\} and \.\.\./);
  assert.equal(rows.get('a connection joins').at(-1), 'not known: no connection');
});
