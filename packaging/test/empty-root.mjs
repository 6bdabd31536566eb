// A place with nothing in it but the packaged handler, and a service elsewhere: what the handler
// needs of the system that it runs on, and of the network, is what is put here by name.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { BINARY, connectionString, ROOT } from '../../tests/lib/handler.js';
import { startRestRecorder } from '../../tests/lib/rest-recorder.js';
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

// ---- the service ----

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

/** The service's REST side behind TLS, under a name; it checks every token and every route. */
export class SecureService {
  static async start(name, identity) {
    const recorder = await startRestRecorder();
    const service = new SecureService();
    service.recorder = recorder;
    service.#server = tls.createServer(identity, (socket) => service.#pass(socket));
    service.#server.on('tlsClientError', (error) => service.refusals.push(error.code));
    service.#server.listen(0, '127.0.0.1');
    await once(service.#server, 'listening');
    recorder.endpoint = `https://${name}:${service.#server.address().port}`;
    service.connectionString = connectionString(recorder.endpoint);
    return service;
  }

  #server;
  #sockets = new Set();
  /** One of each connection: the name that the client asked for, the version of TLS. */
  connections = [];
  /** Codes of handshakes that came to nothing. */
  refusals = [];

  #pass(socket) {
    const inner = net.connect(this.recorder.port, '127.0.0.1');
    this.connections.push({ name: socket.servername, version: socket.getProtocol() });
    for (const one of [socket, inner]) {
      this.#sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        (one === socket ? inner : socket).destroy();
      });
    }
    socket.pipe(inner).pipe(socket);
  }

  async close() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await this.recorder.close();
  }
}

// ---- its name ----

const TYPE_A = 1;
const NAME_ERROR = 3;

/** A name server that knows one name, as 127.0.0.1. */
export class NameServer {
  static async start(name) {
    const server = new NameServer();
    server.#name = name;
    server.#socket.on('message', (query, from) => server.#answer(query, from));
    server.#socket.bind(53, NAME_SERVER);
    await once(server.#socket, 'listening');
    return server;
  }

  #name;
  #socket = dgram.createSocket('udp4');
  /** Names that were asked for. */
  asked = [];
  isSilent = false;

  close() {
    this.#socket.close();
  }

  #answer(query, from) {
    const { name, type, end } = readQuestion(query);
    this.asked.push(name);
    if (this.isSilent) return;
    const isKnown = name === this.#name;
    const hasAddress = isKnown && type === TYPE_A;
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(0x8580 | (isKnown ? 0 : NAME_ERROR), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(hasAddress ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    // The name as a pointer to the question's; type A, class IN, one minute, four bytes.
    const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    const parts = [head, query.subarray(12, end), ...(hasAddress ? [address] : [])];
    this.#socket.send(Buffer.concat(parts), from.port, from.address);
  }
}

function readQuestion(query) {
  const labels = [];
  let at = 12;
  while (query[at] > 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
    at += 1 + query[at];
  }
  const name = labels.join('.').toLowerCase();
  return { name, type: query.readUInt16BE(at + 1), end: at + 5 };
}
