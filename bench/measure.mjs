// Measures one server: by the load generator, and beside it what the server's process uses and
// what reaches the stand-in for the service.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { ACCESS_KEY, connectionString } from '../tests/lib/handler.js';
import { eventually, pause, within } from '../tests/lib/deadline.js';
import { allAtOnce } from './load/at-once.mjs';
import { sendAll, sendOne } from './load/waiting.mjs';
import { constantAnswer } from './peers/nginx.mjs';
import { runForJson, startListening, startServer } from './processes.mjs';
import { BUILT } from './peers/servers.mjs';
import { cpuSecondsOf, rssBytesOf } from './usage.mjs';

const SETTING = 'WebPubSubForSocketIOConnectionString';
/** All connections stand, and a first event has come through. */
const FIRST_MS = 40_000;
/** A load run may end so much later than it should: after that, and the wait for last answers. */
const SPARE_MS = FIRST_MS + 15_000;
const STATS_MS = 5000;
const WAITING_MS = 5000;
const SETTLED_MS = 1000;
const LOOK_AGAIN_MS = 20;

const tool = (name) => path.join(BUILT, name);
const perMegabyte = (bytes) => bytes / 1e6;

// ---- a server and its service ----

/** The stand-in for the service's REST side, asked over one kept connection. */
class Rest {
  /** certificates: it speaks TLS with them; prompt: so many requests are answered without delay */
  static async start({ delayMs = 0, prompt = 0, certificates }) {
    const args = ['--port', '0', '--delay-ms', `${delayMs}`, '--prompt', `${prompt}`];
    if (certificates) {
      args.push('--certificate', certificates.certificate, '--key', certificates.key);
    }
    const program = await startListening({ name: 'rest', command: tool('rest'), args });
    return new Rest(program, certificates);
  }

  constructor(program, certificates) {
    this.program = program;
    const client = certificates ? https : http;
    const ca = certificates && readFileSync(certificates.authorityFile);
    this.get = client.get;
    this.agent = new client.Agent({ keepAlive: true, maxSockets: 1, ca });
    this.endpoint = `${certificates ? 'https' : 'http'}://127.0.0.1:${program.port}`;
  }

  /** { connections, requests, bytes } since its start. */
  stats() {
    const answer = new Promise((resolve, reject) => {
      this.get(`${this.endpoint}/stats`, { agent: this.agent }, async (response) => {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        resolve(JSON.parse(text));
      }).on('error', reject);
    });
    return within(STATS_MS, answer, 'statistics of the stand-in');
  }

  async stop() {
    this.agent.destroy();
    await this.program.stop();
  }
}

const environmentOf = (endpoint) => ({ [SETTING]: connectionString(endpoint, ACCESS_KEY) });

/** @param {{ constant: string, certificates: object }} given what nginx answers, and with what */
function programOf({ id, name, command, args, hasPortOption }, env, given) {
  if (id === 'nginx') return (port) => constantAnswer({ port, body: given.constant });
  const port = (number) => (hasPortOption ? ['--port', `${number}`] : []);
  return (number) => ({ name, command, args: [...args, ...port(number)], env });
}

/** Starts one server before a stand-in, and ends both after `use(server, rest)`. */
export async function withServer(about, { delayMs, prompt, tls = false, env: settings }, given, use) {
  const started = [];
  const certificates = tls ? given.certificates : undefined;
  try {
    const rest = await Rest.start({ delayMs, prompt, certificates });
    started.unshift(rest);
    const trusted = certificates?.authorityFile;
    const env = {
      ...environmentOf(rest.endpoint),
      ...settings,
      ...(tls && {
        CODESTREAM_CA_FILE: trusted, SSL_CERT_FILE: trusted, NODE_EXTRA_CA_CERTS: trusted,
      }),
    };
    const server = await startServer(programOf(about, env, given), '/negotiate');
    started.unshift(server);
    return await use(server, rest);
  } finally {
    for (const one of started) await one.stop();
  }
}

// ---- load ----

function loadArguments(port, { kind, connections, seconds, rate, textBytes, writers, warm }) {
  return [
    '--port', port, '--connections', connections, '--seconds', seconds, '--warmup', warm,
    '--kind', kind,
    ...(rate ? ['--rate', rate] : []),
    ...(textBytes ? ['--text-bytes', textBytes] : []),
    ...(writers ? ['--writers', writers] : []),
  ].map(String);
}

/** Processor time first: the answer of the stand-in may take its time. */
async function look(server, rest) {
  const used = { cpu: cpuSecondsOf(server.pid), rss: rssBytesOf(server.pid) };
  return { ...used, ...await rest.stats() };
}

function runLoad(server, point) {
  return runForJson((point.warm + point.seconds) * 1000 + SPARE_MS, {
    name: `load on ${server.name}`, command: tool('load'),
    args: loadArguments(server.port, point), env: { BENCH_KEY: ACCESS_KEY },
  });
}

/**
 * Of negotiations all are counted, from the first to the last, after others that are not.
 * @returns what the generator says, and the server's use for each request
 */
async function loadNegotiate(server, rest, point) {
  if (point.warm > 0) await runLoad(server, { ...point, seconds: point.warm, warm: 0 });
  const before = await look(server, rest);
  const load = await runLoad(server, { ...point, warm: 0 });
  const after = await look(server, rest);
  return { load, rss: after.rss, cpuEach: (after.cpu - before.cpu) / load.requests };
}

/** What is used, and what comes, in the middle of the measured time. */
async function lookTwice(server, rest, { warm, seconds }) {
  const { requests: none } = await rest.stats();
  const hasBegun = async () => (await rest.stats()).requests > none;
  const edge = seconds / 20;
  await eventually(FIRST_MS, hasBegun, 'a first event');
  await pause((warm + edge) * 1000);
  const before = await look(server, rest);
  await pause((seconds - 2 * edge) * 1000);
  return { before, after: await look(server, rest) };
}

/**
 * Of events, so many of which are under way at any time, those count that reach the service in
 * the middle of the measured time, when as many begin as end.
 */
async function loadEvents(server, rest, point) {
  if (point.opening) await runLoad(server, { ...point, seconds: point.opening, warm: 0 });
  const looking = lookTwice(server, rest, point);
  looking.catch(() => {}); // what the load has to say comes first
  const load = await runLoad(server, point);
  if (load.requests === 0 && load.errors > 0) throw new Error(load.first_error);
  const { before, after } = await looking;
  const events = after.requests - before.requests;
  return {
    load,
    rss: after.rss,
    cpuEach: (after.cpu - before.cpu) / events,
    upstream: after.connections,
    openedPer10000: ((after.connections - before.connections) / events) * 10_000,
  };
}

/** One point: what the generator says, and beside it what the server used. */
export async function measureLoad(server, rest, point) {
  const run = point.kind === 'event' ? loadEvents : loadNegotiate;
  const { load, cpuEach, rss, ...more } = await run(server, rest, point);
  const { delayMs = 0 } = point;
  return {
    rps: load.rps,
    cpuMicros: cpuEach * 1e6,
    p50Ms: load.p50_ms,
    p99Ms: load.p99_ms,
    addedP50Ms: load.p50_ms - delayMs,
    addedP99Ms: load.p99_ms - delayMs,
    rssMb: perMegabyte(rss),
    requests: load.requests,
    errors: load.errors + load.non2xx,
    firstError: load.first_error,
    unsent: load.unsent,
    reconnects: load.reconnects,
    ...more,
  };
}

// ---- start, memory, crowds ----

/** Memory after the first answer, and the time from exec to it. */
export async function measureStart(about, server, runs) {
  const env = Object.entries(environmentOf('http://127.0.0.1:9')).map((pair) => pair.join('='));
  const rssMb = perMegabyte(rssBytesOf(server.pid));
  const cold = await runForJson(runs * 5000, {
    name: `cold start of ${about.name}`, command: tool('coldstart'),
    args: ['--runs', `${runs}`, '--', ...env, about.command, ...about.args],
  });
  return { rssMb, coldMs: cold.median_ms };
}

/**
 * The memory or processor time that a server uses while events that have come at once wait for the
 * service: `count` of them, or as many as have reached it; on connections that have served before, or on
 * fresh ones.
 */
async function measureCrowd(server, rest, { count, isUsed }, usageOf) {
  await sendOne(server.port); // which the stand-in answers at once
  const { requests: before } = await rest.stats();
  const idle = usageOf(server.pid);
  const giveUp = await sendAll(server.port, count, isUsed);
  try {
    const waiting = await arrivals(rest, before, count);
    const used = usageOf(server.pid);
    return { waiting, used, each: (used - idle) / waiting };
  } finally {
    giveUp();
    await server.kill();
  }
}

/** Memory while events wait for the service. */
export async function measureWaiting(server, rest, group) {
  const { waiting, used, each } = await measureCrowd(server, rest, group, rssBytesOf);
  return { waiting, kbEach: each / 1024, rssMb: perMegabyte(used) };
}

/** Processor time of each of `count` events, all but one of which need a new connection to the service. */
export async function measureOpening(server, rest, count) {
  const { waiting, each } = await measureCrowd(server, rest, { count }, cpuSecondsOf);
  if (waiting < count) throw new Error(`${waiting} of ${count} events have reached the service`);
  return { cpuMicros: each * 1e6 };
}

/** How many requests the stand-in has got, once these are all, or no more come, or time is up. */
async function arrivals(rest, before, count) {
  const end = performance.now() + WAITING_MS;
  let seen = { requests: before, at: Infinity };
  while (seen.requests < before + count
    && performance.now() < Math.min(end, seen.at + SETTLED_MS)) {
    await pause(LOOK_AGAIN_MS);
    const { requests } = await rest.stats();
    if (requests > seen.requests) seen = { requests, at: performance.now() };
  }
  return seen.requests - before;
}

/** How many of `count` connections are served that all send at the same time. */
export function measureAtOnce(server, count) {
  return allAtOnce(server.port, count);
}
