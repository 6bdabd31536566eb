// Certificates with which the stand-in for the service speaks TLS, for as long as a run takes.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeCertificates } from '../tests/lib/certificates.js';
import { BUILT } from './peers/servers.mjs';

/** @returns {Promise<{ certificates: object, forget: () => Promise<void> }>} */
export async function takeCertificates() {
  const { authorityFile, valid, remove } = await makeCertificates();
  const [certificate, key] = [path.join(BUILT, 'tls.pem'), path.join(BUILT, 'tls.key')];
  writeFileSync(certificate, valid.cert);
  writeFileSync(key, valid.key, { mode: 0o600 });
  const forget = async () => {
    rmSync(key);
    await remove();
  };
  return { certificates: { authorityFile, certificate, key }, forget };
}
