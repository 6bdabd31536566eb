// A place with nothing in it but the packaged handler, and a service elsewhere: what the handler
// needs of the system that it runs on is what is put here by name.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BINARY, ROOT } from '../../tests/lib/handler.js';
import { readZip } from './read-zip.mjs';

export const ZIP = path.join(ROOT, 'build/codestream.zip');
export const CA_FILE = '/etc/ssl/certs/ca-certificates.crt';

/** Loopback, but not 127.0.0.1: a resolver of this machine may listen there. */
export const NAME_SERVER = '127.0.53.53';

export function makeFolder() {
  return mkdtempSync(path.join(os.tmpdir(), 'codestream-package-'));
}

// ---- the root ----

/**
 * Unpacks the zip's handler into a folder of its own, with these files beside it and nothing else.
 * @param {Record<string, string>} files absolute paths, as the handler will see them
 */
export function makeRoot(files) {
  const root = makeFolder();
  const handler = readZip(readFileSync(ZIP)).find(({ name }) => name === 'codestream');
  writeFileSync(path.join(root, handler.name), handler.data, { mode: handler.mode & 0o777 });
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  assert.deepEqual(listFiles(root), ['/codestream', ...Object.keys(files)].sort());
  return root;
}

function listFiles(root, folder = '/') {
  const entries = readdirSync(path.join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const name = path.join(folder, entry.name);
    return entry.isDirectory() ? listFiles(root, name) : [name];
  }).sort();
}

/** Settings with which tests/lib/handler.js starts the handler in that root, by in-root.sh. */
export function inRootSettings(root, settings = {}) {
  assert.equal(process.getuid(), 0, 'only root can start a program in a root folder of its own');
  assert.match(BINARY, /in-root\.sh$/, 'these tests are run by `make test-package`');
  return { CODESTREAM_ROOT: root, ...settings };
}

// ---- whom it trusts ----

/** An authority that signs certificates for names; nobody else trusts it. */
export class Authority {
  #folder = makeFolder();

  constructor() {
    writeFileSync(this.#file('openssl.cnf'), `[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
authorityKeyIdentifier = keyid
subjectAltName = DNS:$ENV::SERVER_NAME
`);
    this.certificate = this.#sign('ca', 'authority', '').cert;
  }

  /** Key and certificate of a TLS server of this name, in the form that node:tls takes. */
  certify(name) {
    return this.#sign('server', 'server', name, '-CA', this.#file('ca.pem'), '-CAkey',
      this.#file('ca.key'));
  }

  close() {
    rmSync(this.#folder, { recursive: true });
  }

  #sign(file, extensions, name, ...signer) {
    const [key, cert] = [this.#file(`${file}.key`), this.#file(`${file}.pem`)];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
      'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2',
      '-subj', `/CN=${name || 'an authority for one test'}`, '-config',
      this.#file('openssl.cnf'), '-extensions', extensions, ...signer,
    ], { env: { PATH: process.env.PATH, SERVER_NAME: name }, stdio: 'pipe' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  }

  #file(name) {
    return path.join(this.#folder, name);
  }
}
