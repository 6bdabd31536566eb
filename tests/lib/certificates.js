// Certificates for `localhost` and for a service's name from an authority that only who is told of it trusts, made by
// openssl for one test run.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { PATIENCE } from './deadline.js';

const OPENSSL_MS = 10_000;
const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const VALID = ['-days', '2'];
/** It ended long ago. Before 3.4 openssl knew no dates here, since then no negative days. */
const EXPIRED = ['-not_before', '20000101000000Z', '-not_after', '20000102000000Z'];
const EXPIRED_BEFORE_3_4 = ['-days', '-1'];

/** A name that nobody has (RFC 6761): a test's name server says where it is. */
export const SERVICE_NAME = 'abc.webpubsub.test';

/**
 * @returns {Promise<{ authorityFile: string, valid: Pair, expired: Pair,
 *   remove: () => Promise<void> }>} Pair: `{ key, cert }` as node:tls takes it
 */
export async function makeCertificates() {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'codestream-certificates-'));
  const file = (name) => path.join(folder, name);
  const openssl = (...args) => promisify(execFile)('openssl', args, { timeout: PATIENCE * OPENSSL_MS });
  const sign = async (name, validity) => {
    await openssl('x509', '-req', '-in', file('request.pem'), ...validity, '-out', file(name),
      '-CA', file('authority.pem'), '-CAkey', file('authority.key'), '-CAcreateserial',
      '-extfile', file('names'));
    const [key, cert] = [file('key.pem'), file(name)];
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  };
  await writeFile(file('names'), `subjectAltName=DNS:localhost,DNS:${SERVICE_NAME},IP:127.0.0.1\n`);
  await openssl('req', '-x509', ...CURVE, '-days', '2', '-subj', '/CN=an authority for one test',
    '-keyout', file('authority.key'), '-out', file('authority.pem'));
  await openssl('req', ...CURVE, '-subj', '/CN=localhost', '-keyout', file('key.pem'),
    '-out', file('request.pem'));
  return {
    authorityFile: file('authority.pem'),
    valid: await sign('valid.pem', VALID),
    expired: await sign('expired.pem', EXPIRED)
      .catch(() => sign('expired.pem', EXPIRED_BEFORE_3_4)),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
