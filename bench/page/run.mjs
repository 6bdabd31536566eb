// How soon a viewer sees the text, and a writer can type: the built page in a browser whose network
// and processor are slowed, between the stand-ins and the usual build. Each figure is the median of
// PAGE_RUNS (5); bench/README.md has the other settings. `make bench-page`.

import { startScene } from '../../tests/browser/browser.js';
import { within } from '../../tests/lib/deadline.js';
import { traceTasks } from '../../tests/lib/tasks.js';

const RUNS = Number(process.env.PAGE_RUNS ?? 5);
const ONLY = process.env.PAGE_CASE ?? '';
const KBIT = 1000 / 8;
/** Name, bytes a second, latency in ms, how many times slower the processor is. */
const CASES = [
  ['unhindered', -1, 0, 1],
  ['4G, 4 times slower', 9000 * KBIT, 60, 4],
  ['slow 4G, 4 times slower', 1600 * KBIT, 150, 4],
  ['3G, 6 times slower', 400 * KBIT, 400, 6],
];
const TEXT = 'function add(a, b) {\n  return a + b; // the sum\n}\n'.repeat(60);
const LIMIT_MS = 90_000;
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };

/** Notes in the page when something is to be seen for the first time. */
function watch() {
  window.seen = {};
  const note = (name, here) => {
    if (!here || name in window.seen) return;
    window.seen[name] = performance.now();
    window.tell(JSON.stringify(window.seen));
  };
  const look = () => {
    const find = (selector) => document.querySelector(`#editor ${selector}`);
    note('text', find('.first-text > div, .cm-line')?.textContent.startsWith('function add'));
    note('reader', find('.cm-line')?.textContent.startsWith('function add'));
    note('live', document.getElementById('state')?.textContent === 'Live');
    note('typing', find('.monaco-editor .view-line'));
    note('colours', find('.cm-line span[class^="tok-"]'));
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Which request began and ended when, in ms, up to the last thing that was waited for. */
function followRequests(session) {
  const requests = new Map();
  const at = (id, what, more) => requests.has(id) && Object.assign(requests.get(id), { ...more, ...what });
  session.on('Network.requestWillBeSent', ({ requestId, request, timestamp, wallTime }) =>
    requests.set(requestId, { url: request.url, from: timestamp, wallTime }),
  );
  session.on('Network.webSocketCreated', ({ requestId, url }) => requests.set(requestId, { url }));
  session.on('Network.webSocketWillSendHandshakeRequest', ({ requestId, timestamp }) => at(requestId, { from: timestamp }));
  session.on('Network.webSocketHandshakeResponseReceived', ({ requestId, timestamp }) => at(requestId, { to: timestamp }));
  session.on('Network.responseReceived', ({ requestId, timestamp }) => at(requestId, { answered: timestamp }));
  session.on('Network.loadingFinished', ({ requestId, timestamp, encodedDataLength }) =>
    at(requestId, { to: timestamp, bytes: encodedDataLength }),
  );
  const frames = [];
  for (const [event, sign] of [['webSocketFrameSent', '>'], ['webSocketFrameReceived', '<']])
    session.on(`Network.${event}`, ({ timestamp, response }) =>
      frames.push({ from: timestamp, name: `${sign} ${response.payloadData.slice(0, 60)}` }),
    );
  return (seen) => {
    const found = [...requests.values()].filter(({ from }) => from);
    const zero = Math.min(...found.map(({ from }) => from));
    const ms = (time) => (time ? String(Math.round((time - zero) * 1000)) : '-').padStart(6);
    return [
      Object.entries(seen).map(([name, time]) => `${name} ${Math.round(time)}`).join(', '),
      ...frames.map(({ from, name }) => `${ms(from)} ${name}`),
      ...found.map(({ url, from, answered, to, bytes = 0 }) =>
        `${ms(from)}${ms(answered)}${ms(to)} ${String(bytes).padStart(7)} ${new URL(url).pathname}`),
    ];
  };
}

/** Opens the page as a stranger with an empty cache does. */
async function open(scene, url, [, bytes, latency, rate], options, until) {
  const context = await scene.person(options);
  const page = await context.newPage();
  await page.addInitScript(watch);
  const session = await context.newCDPSession(page);
  // The page tells by itself: to be asked again and again would be a long task of its own.
  await session.send('Runtime.enable');
  await session.send('Runtime.addBinding', { name: 'tell' });
  let seen = {};
  let look = () => {};
  session.on('Runtime.bindingCalled', ({ payload }) => {
    seen = JSON.parse(payload);
    look();
  });
  const sees = (check) =>
    within(
      LIMIT_MS,
      new Promise((resolve) => {
        look = () => check() && resolve();
        look();
      }),
      'what is waited for is seen',
    );
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency,
    downloadThroughput: bytes,
    uploadThroughput: bytes,
  });
  await session.send('Emulation.setCPUThrottlingRate', { rate });
  const waterfall = followRequests(session);
  let wire = 0;
  session.on('Network.dataReceived', ({ encodedDataLength }) => {
    wire += encodedDataLength;
  });
  session.on('Network.responseReceived', ({ response }) => {
    wire += response.encodedDataLength;
  });
  const tasks = await traceTasks(session);
  await page.goto(url, { timeout: LIMIT_MS, waitUntil: 'commit' });
  await sees(() => 'text' in seen || 'typing' in seen);
  const atText = wire;
  await sees(() => until.every((name) => name in seen));
  const found = await tasks();
  await context.close();
  if (process.env.PAGE_REQUESTS) for (const line of waterfall(seen)) console.log(`  ${line}`);
  if (process.env.PAGE_TASKS)
    for (const { ms, parts } of found.slice(0, 4))
      console.log(`  ${Math.round(ms)} ms: ${parts().slice(0, 6).join('; ')}`);
  return { ...seen, longest: found[0]?.ms ?? 0, kB: atText / 1000 };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function report(role, name, runs) {
  const parts = Object.keys(runs[0]).map(
    (key) => `${key} ${Math.round(median(runs.map((run) => run[key])))}`,
  );
  console.log(`${role}, ${name}: ${parts.join(', ')}`);
}

const scene = await startScene();
try {
  const writer = await scene.writer();
  await writer.paste(TEXT);
  await writer.page.locator('#language').selectOption('javascript');
  await writer.keys('Control+Home');
  console.log(`ms until it is seen, the longest task in ms, kB until then; median of ${RUNS}`);
  for (const conditions of CASES) {
    const [name] = conditions;
    if (!name.includes(ONLY)) continue;
    const viewers = [];
    const writers = [];
    for (let i = 0; i < RUNS; i++) {
      viewers.push(
        await open(scene, writer.link, conditions, PHONE, ['text', 'reader', 'live', 'colours']),
      );
      writers.push(await open(scene, scene.stack.page, conditions, {}, ['typing', 'live']));
    }
    report('viewer', name, viewers);
    report('writer', name, writers);
  }
} finally {
  await scene.close();
}
