// Connections that stay away until pages call themselves offline, or for OUTAGE_SECONDS. Both outages
// happen at the same time, each with a stack of its own, because most of this is waiting.
import assert from 'node:assert/strict';
import { after, before, test } from '../lib/test.js';
import { eventually, pause } from '../lib/deadline.js';
import { FUNCTION_CODE } from '../lib/stack.js';
import { startScene } from './browser.js';

/** The state on the screen must be true this soon after any failure. */
const TRUE_MS = 15_000;
/** How long connections stay away at least. */
const AWAY_MS = Number(process.env.OUTAGE_SECONDS ?? 0) * 1000;
/** A page that has lost its connection calls itself offline within this. */
const OFFLINE_MS = 15_000;
const LONG = { timeout: 100_000 };
const LOST = ['Reconnecting', 'Offline'];

const scenes = [];
let outages;
before(async () => {
  scenes.push(
    await startScene({ service: { retryDelaysMs: [] } }),
    await startScene({ service: { retryDelaysMs: [] } }),
  );
  outages = { silence: silence(scenes[0]), restart: restart(scenes[1]) };
  // Each test looks at its own; until then a failure must not count as nobody's.
  for (const outage of Object.values(outages)) outage.catch(() => {});
});
after(async () => {
  for (const scene of scenes) await scene.close();
});

test(
  'a network that is silent on either side: true within 15 s, and nothing lost',
  LONG,
  async () => {
    const times = await outages.silence;
    console.log(
      `# told after ${times.join(', ')} ms (writer cut off, viewer cut off, viewer of the former)`,
    );
  },
);

test(
  'the service itself gone in mid-typing: true within 15 s, and nothing lost',
  LONG,
  async () => {
    await outages.restart;
  },
);

/**
 * A person whose network can go silent: packets vanish and nobody is told, as when a laptop
 * leaves a wireless network.
 */
async function personBehindWall(scene) {
  const context = await scene.person();
  const wall = { up: false };
  await context.route('**/negotiate*', async (route) => {
    if (wall.up) await route.abort('connectionreset');
    else await route.continue();
  });
  await context.routeWebSocket('**/*', (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      if (!wall.up) server.send(message);
    });
    server.onMessage((message) => {
      if (!wall.up) socket.send(message);
    });
  });
  return { context, wall };
}

/** Resolves with the time since `since` at which the page says one of `words`. */
async function told(screen, words, since) {
  await eventually(TRUE_MS, async () => words.includes(await screen.state()), `it says ${words}`);
  return Date.now() - since;
}

async function silence(scene) {
  const there = await personBehindWall(scene);
  const here = await personBehindWall(scene);
  const [cutWriter, cutViewer] = [await scene.writer(there), await scene.author()];
  const goodViewer = await scene.reader(cutWriter.link);
  const badViewer = await scene.viewer(cutViewer.link, here);
  for (const [writer, viewer] of [
    [cutWriter, goodViewer],
    [cutViewer, badViewer],
  ]) {
    await writer.type('before');
    await viewer.shows('before');
  }
  there.wall.up = true;
  here.wall.up = true;
  const since = Date.now();
  await cutWriter.page.keyboard.type(' during');
  cutViewer.type(' during');
  const times = await Promise.all([
    told(cutWriter, LOST, since),
    told(badViewer, LOST, since),
    told(goodViewer, ['Writer away'], since),
  ]);
  await cutViewer.says('Live');
  assert.equal((await badViewer.lines()).join(), 'before');
  await pause(since + AWAY_MS - Date.now());
  for (const screen of [cutWriter, badViewer]) await screen.says('Offline', OFFLINE_MS);
  assert.match(await cutWriter.notice(), /kept in this browser/);
  there.wall.up = false;
  here.wall.up = false;
  await cutWriter.page.keyboard.type(' after');
  cutViewer.type(' after');
  for (const viewer of [goodViewer, badViewer]) {
    await viewer.shows('before during after', TRUE_MS);
    await viewer.says('Live');
  }
  await cutWriter.says('Live');
  return times;
}

async function restart(scene) {
  const { stack } = scene;
  const writer = await scene.writer();
  const viewer = await scene.viewer(writer.link);
  await writer.type('before');
  await viewer.shows('before');
  const { options, port } = stack.service;
  await stack.service.close();
  const since = Date.now();
  await writer.page.keyboard.type(' during');
  await Promise.all([told(writer, LOST, since), told(viewer, LOST, since)]);
  await pause(since + AWAY_MS - Date.now());
  for (const screen of [writer, viewer]) await screen.says('Offline', OFFLINE_MS);
  const { startWebPubSub } = await import('../../emulator/webpubsub/service.js');
  stack.service = await startWebPubSub({ ...options, port });
  await stack.service.setEventHandlers('codestream', [
    {
      urlTemplate: `${stack.api}/eventhandler?code=${FUNCTION_CODE}`,
      userEventPattern: '*',
      systemEvents: ['connect', 'connected', 'disconnected'],
    },
  ]);
  await writer.page.keyboard.type(' after');
  await viewer.shows('before during after', 20_000);
  await writer.says('Live');
  await viewer.says('Live');
}
