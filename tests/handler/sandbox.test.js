// What the program that is delivered has given up by the time it serves anybody, seen from outside,
// and that it can do its work all the same. What whoever takes it over is refused is tried from
// within, in tests/unit/test_sandbox_*.c.
import assert from 'node:assert/strict';
import {
  copyFile, mkdir, readdir, readFile, rename, rm, symlink, writeFile,
} from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { once } from 'node:events';
import { skip } from '../lib/release.js';
import { makeCertificates } from '../lib/certificates.js';
import { joinRoom, readAck } from '../lib/events.js';
import {
  ACCESS_KEY, connectionString, runHandler, startHandler,
} from '../lib/handler.js';
import { Connection, request } from '../lib/http.js';
import {
  ENTRA_TOKEN, IDENTITY_HEADER, startIdentityEndpoint,
} from '../lib/identity-endpoint.js';
import { newParty, Recorded, startRecorded } from '../lib/recorded.js';
import { startRestRecorder } from '../lib/rest-recorder.js';
import { after, before, test } from '../lib/test.js';

const SECRET = 'a secret of the tests, long enough to be one';
const SETTING = 'WebPubSubForSocketIOConnectionString';

/** What the Functions host has in its own environment and passes on. */
const HOSTS_OWN = {
  AzureWebJobsStorage: 'AccountName=x;AccountKey=a-key-of-the-hosts-storage',
  WEBSITE_AUTH_ENCRYPTION_KEY: 'a-key-of-the-hosts-secrets',
  MSI_SECRET: 'a-key-of-the-hosts-identity',
  WEBSITE_RUN_FROM_PACKAGE: 'https://x.blob.core.windows.net/p.zip?sig=a-key-of-the-hosts-package',
  SCM_RUN_FROM_PACKAGE: 'https://x.blob.core.windows.net/p.zip?sig=a-key-of-the-hosts-package',
  AzureWebJobsDashboard: 'AccountName=x;AccountKey=a-key-of-the-hosts-dashboard',
  http_proxy: 'http://user:a-key-of-the-hosts-proxy@proxy:3128',
  ALL_THAT_NOBODY_HAS_HEARD_OF: 'a-key-of-the-hosts-own',
};
/** What libraries read again later. */
const KEPT = { no_proxy: 'localhost,kept-by-the-handler', RES_OPTIONS: 'timeout:3' };

let app;
before(async () => {
  const env = { CODESTREAM_SECRET: SECRET, ...HOSTS_OWN, ...KEPT };
  if (!skip) app = await startRecorded({ env });
});
after(() => app?.close());

const proc = (name) => readFile(`/proc/${app.handler.pid}/${name}`, 'utf8');
const startLine = () => app.handler.lines.find((line) => line.includes(' event=listening '));

/** Restricted, or in words why not. */
function inForce(part) {
  const [, value] = new RegExp(` ${part}=(restricted$|restricted |"open: [^"]+")`)
    .exec(startLine()) ?? [];
  assert.ok(value, startLine());
  return value.trim() === 'restricted';
}

async function assertServes(one) {
  const { viewer, room } = newParty();
  const event = joinRoom(viewer, room, { ack: 1 });
  assert.deepEqual(await one.ack(event), { success: true }, one.handler.lines.join('\n'));
}

test('the line that says where it listens says what is in force', { skip }, async () => {
  inForce('calls');
  inForce('files');
  await assertServes(app);
});

test('the kernel says the same of every thread', { skip }, async () => {
  const threads = await readdir(`/proc/${app.handler.pid}/task`);
  assert.ok(threads.length > 1);
  for (const thread of threads) {
    const status = await proc(`task/${thread}/status`);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    if (inForce('calls')) assert.match(status, /^Seccomp:\t2$/m);
  }
});

test('there will be no core of it', { skip }, async () => {
  assert.match(await proc('limits'), /^Max core file size +0 +0 /m);
});

/** The file of /proc, or '' where nobody but root may read it. */
async function shown(pid, name) {
  return readFile(`/proc/${pid}/${name}`, 'latin1').catch((error) => {
    assert.equal(error.code, 'EACCES');
    return '';
  });
}

test('the environment that it was given has its secrets no longer, nor has argv', { skip },
  async () => {
    const { pid } = app.handler;
    const text = await shown(pid, 'environ') + await shown(pid, 'cmdline');
    for (const secret of [ACCESS_KEY, SECRET, 'a-key-of-the-host'])
      assert.ok(!text.includes(secret), secret);
    const isShown = (await shown(pid, 'environ')) !== '';
    for (const [name, value] of Object.entries(isShown ? KEPT : {}))
      assert.ok(text.includes(`${name}=${value}`), name);
    const answer = await request(app.handler.port, { path: '/negotiate' });
    assert.equal(answer.status, 200, 'and it still has keys');
  });

test('CODESTREAM_SANDBOX=off turns it off, and the line that says where it listens says so', { skip },
  async () => {
    const one = await startRecorded({ env: { CODESTREAM_SANDBOX: 'off' } });
    try {
      const off = '"off: CODESTREAM_SANDBOX=off"';
      assert.match(one.handler.lines.find((line) => line.includes(' event=listening ')),
        new RegExp(` calls=${off} files=${off}$`));
      const given = async (pid) => /^NoNewPrivs.*\nSeccomp:.*$/m
        .exec(await readFile(`/proc/${pid}/status`, 'utf8'))[0];
      assert.equal(await given(one.handler.pid), await given(process.pid));
      await assertServes(one);
    } finally {
      await one.close();
    }
  });

test('any other value than on and off is a complaint by name', { skip }, async () => {
  const env = { [SETTING]: connectionString('https://localhost'), CODESTREAM_SANDBOX: 'maybe' };
  const { code, stderr, stdout } = await runHandler(['--port', '0'], env);
  assert.equal(code, 2);
  assert.match(stderr, / event=setting name=CODESTREAM_SANDBOX problem="must be on or off"/);
  assert.doesNotMatch(stderr + stdout, /maybe/);
});

test('with an identity it finds its token, and forgets the header that opens it', { skip },
  async () => {
    const identity = await startIdentityEndpoint();
    const recorder = await startRestRecorder({ entraToken: ENTRA_TOKEN });
    const env = {
      ...identity.env,
      [`${SETTING}__endpoint`]: recorder.endpoint,
      [`${SETTING}__credential`]: 'managedidentity',
      CODESTREAM_SECRET: SECRET,
    };
    const handler = await startHandler({ env });
    const one = new Recorded(handler, recorder, await Connection.open(handler.port));
    try {
      const { viewer, room } = newParty();
      const event = joinRoom(viewer, room, { ack: 1 });
      const asked = { ...event, path: '/eventhandler?code=x' };
      assert.deepEqual(await one.ack(asked), { success: true }, handler.lines.join('\n'));
      assert.ok(!(await shown(handler.pid, 'environ')).includes(IDENTITY_HEADER));
    } finally {
      await one.close();
      await identity.close();
    }
  });

/** Certificates where `place` puts the file of them, renewed by what it gives back. */
async function assertTrustsRenewed(place) {
  const certificates = await makeCertificates();
  const service = https.createServer(certificates.valid, (message, response) => {
    message.resume();
    response.writeHead(202).end();
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  const { file, renew } = await place(certificates.authorityFile);
  const handler = await startHandler({
    service: connectionString(`https://localhost:${service.address().port}`),
    env: { CODESTREAM_CA_FILE: file },
  });
  const connection = await Connection.open(handler.port);
  try {
    await renew();
    await assertServes(new Recorded(handler, null, connection));
  } finally {
    connection.close();
    await handler.stop();
    service.closeAllConnections();
    service.close();
    await certificates.remove();
  }
}

test('it trusts certificates that were put in the place of the old ones since', { skip },
  () => assertTrustsRenewed((file) => ({
    file,
    async renew() {
      await copyFile(file, `${file}.new`);
      await rename(`${file}.new`, file);
    },
  })));

test('it trusts certificates of a mounted secret that was renewed since', { skip },
  () => assertTrustsRenewed(async (authorityFile) => {
    const mount = `${authorityFile}.mount`;
    const at = (name) => path.join(mount, name);
    const fill = async (name) => {
      await mkdir(at(name), { recursive: true });
      await copyFile(authorityFile, path.join(at(name), 'ca.pem'));
      await symlink(name, at('..data_new'));
      await rename(at('..data_new'), at('..data'));
    };
    await fill('..1');
    await symlink('..data/ca.pem', at('ca.pem'));
    return {
      file: at('ca.pem'),
      async renew() {
        await fill('..2');
        await rm(at('..1'), { recursive: true });
      },
    };
  }));

test('what OPENSSL_CONF asks of TLS holds, wherever the file is', { skip }, async () => {
  const certificates = await makeCertificates();
  const service = https.createServer({ ...certificates.valid, maxVersion: 'TLSv1.2' }, (message, response) => {
    message.resume();
    response.writeHead(202).end();
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  const OPENSSL_CONF = `${certificates.authorityFile}.cnf`;
  await writeFile(OPENSSL_CONF, `openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = everywhere
[everywhere]
MinProtocol = TLSv1.3
`);
  // The certificates are elsewhere, since what stands beside them may be read.
  const other = await makeCertificates();
  const CODESTREAM_CA_FILE = path.join(path.dirname(other.authorityFile), 'trusted.pem');
  await copyFile(certificates.authorityFile, CODESTREAM_CA_FILE);
  const handler = await startHandler({
    service: connectionString(`https://localhost:${service.address().port}`),
    env: { CODESTREAM_CA_FILE, OPENSSL_CONF },
  });
  try {
    const { viewer, room } = newParty();
    const ack = readAck(await request(handler.port, joinRoom(viewer, room, { ack: 1 }))).value;
    assert.equal(ack.error?.code, 'Upstream', JSON.stringify(ack));
  } finally {
    await handler.stop();
    service.closeAllConnections();
    service.close();
    await certificates.remove();
    await other.remove();
  }
});
