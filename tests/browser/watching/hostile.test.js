// The other side may be anybody: what it sends neither scripts the page nor reaches a screen it
// has no right to.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from '../../lib/test.js';
import { Crowd, negotiate } from '../../lib/sockets.js';
import { startScene } from '../browser.js';

const MARKUP = '<img src=x onerror="window.scripted = 1"><script>window.scripted = 1</script>';

let scene;
let crowd;
before(async () => {
  scene = await startScene();
  crowd = new Crowd(scene.stack.api, ['websocket']);
});
afterEach(() => scene?.everybodyLeaves());
after(async () => {
  crowd?.close();
  await scene?.close();
});

const roomOf = (link) => new URL(link).hash.slice(1);
const scripted = (screen) => screen.page.evaluate(() => window.scripted);

/** FNV-1a over UTF-16, as the page has it; written again here so that a fault in one shows. */
function hash(text) {
  let h = 0x811c9dc5n;
  for (const unit of Buffer.from(text, 'utf16le'))
    h = ((h ^ BigInt(unit)) * 0x01000193n) & 0xffffffffn;
  return Number(h);
}

test('viewers that flood the writer with hands, in each other’s names too, have one each, and hold nobody up', async () => {
  const writer = await scene.writer();
  await writer.type('mine');
  const viewer = await scene.reader(writer.link);
  await viewer.shows('mine');
  await writer.page.locator('#menu-button').click();
  await writer.page.locator('#hands-allowed').selectOption('2');
  await writer.keys('Escape');
  const room = roomOf(writer.link);
  const rogues = [await crowd.open({ room }), await crowd.open({ room })];
  for (const rogue of rogues) await rogue.ask('joinRoom', { room_id: room });
  const say = (rogue, data) => rogue.ask('sendToRoom', { room_id: `${room}-control`, data: { data: 'hand', ...data } });
  const [first, second] = rogues;
  const piled = `${MARKUP}\u202e\u2066${'e\u0301\u0301\u0301\u0301'.repeat(9)}${'W'.repeat(500)}`;
  await say(first, { n: 2 ** 52, up: true, line: 9e9, question: piled });
  for (let n = 1; n <= 40; n++) await say(second, { n, up: true, line: n, question: `${n}${piled}` });
  for (const claim of [{ from: first.id }, { sid: first.id }, { to: first.id }])
    await say(second, { ...claim, n: 2 ** 53 - 1, up: true, question: `forged ${piled}` });
  const count = () => writer.page.locator('#hands-count').textContent();
  await writer.until(async () => (await count()) === '2 hands, 2 questions', 10_000, 'one each', count);
  await writer.page.locator('#hands').click();
  for (const i of [0, 1]) await writer.page.locator(`#question-${i}`).click();
  const rows = await writer.page.locator('#hands-sheet .question').evaluateAll((shown) => {
    const { right } = document.getElementById('hands-sheet').getBoundingClientRect();
    return shown.map((row) => ({
      text: row.textContent,
      isWithin: row.getBoundingClientRect().right <= right && row.scrollWidth <= row.clientWidth,
      overflow: getComputedStyle(row).overflowY,
    }));
  });
  assert.equal(rows.length, 2);
  assert.ok(rows[0].text.startsWith(MARKUP), 'the first has said this itself');
  for (const { text, isWithin, overflow } of rows) {
    assert.ok(text.length <= 200 && text.includes('<img') && !/[\u202e\u2066]/.test(text), text);
    assert.deepEqual([isWithin, overflow], [true, 'hidden']);
  }
  assert.equal(await scripted(writer), undefined);
  await writer.keys('Escape');
  await writer.type(' still');
  await viewer.shows(await writer.text());
});

/** A writer that is no page: it can say what it likes. */
async function puppet() {
  const client = await crowd.open({});
  const room = client.session.room_id;
  await client.ask('joinRoom', { room_id: `${room}-control` });
  let seq = 0;
  const say = (data, to) => client.ask('sendToRoom', { room_id: room, data, ...(to && { to }) });
  const full = (content, more) => ({
    type: 'full',
    epoch: 1,
    seq: ++seq,
    version: 1,
    content,
    n: content.length,
    hash: hash(content),
    language: 'plaintext',
    name: '',
    paused: false,
    ended: false,
    viewers: 1,
    sid: client.id,
    ...more,
  });
  return { client, say, full, link: `${scene.stack.page}#${room}` };
}

test('a viewer that sends a full, a delta or a view is seen by nobody', async () => {
  const writer = await scene.author('mine');
  const viewer = await scene.viewer(writer.link);
  await viewer.shows('mine');
  const room = roomOf(writer.link);
  const rogue = await crowd.open({ room });
  await rogue.ask('joinRoom', { room_id: room });
  const far = 2 ** 50;
  for (const data of [
    {
      type: 'full',
      epoch: far,
      seq: 1,
      version: far,
      content: 'theirs',
      n: 6,
      hash: hash('theirs'),
    },
    { type: 'full', version: far, content: 'theirs' },
    { type: 'delta', epoch: far, version: 1, n: 1, changes: [[0, 4, 'x']] },
    {
      type: 'view',
      epoch: far,
      seq: 1,
      version: 1,
      view: { selections: [[0, 1]], top: 1, bottom: 1 },
    },
    { type: 'beat', epoch: far, seq: 1, version: 1, n: 0, hash: 0, ended: true },
  ]) {
    for (const target of [room, `${room}-control`])
      await rogue.ask('sendToRoom', { room_id: target, data });
  }
  writer.type('!');
  await viewer.shows('mine!');
  await viewer.says('Live');
  await writer.shows('mine!');
});

test('a forged key does not give the pen', async () => {
  const writer = await scene.author();
  await assert.rejects(
    negotiate(scene.stack.api, { room: roomOf(writer.link), key: 'A'.repeat(43) }),
    /403/,
  );
  const context = await scene.person();
  const record = {
    room: roomOf(writer.link),
    key: 'A'.repeat(43),
    epoch: 2 ** 50,
    text: 'stolen',
    language: 'plaintext',
    name: '',
    at: Date.now(),
  };
  await context.addInitScript((value) => {
    localStorage.setItem('codestream.last', value.room);
    localStorage.setItem(`codestream.session.${value.room}`, JSON.stringify(value));
  }, record);
  const thief = await scene.open(scene.stack.page, 'thief', context);
  await thief.says('Not connected');
  await writer.says('Live');
});

test('markup in text, name, language and states is text', async () => {
  const { say, full, link } = await puppet();
  const viewer = await scene.viewer(link);
  await viewer.says('Waiting for the writer');
  await say(full(MARKUP, { name: MARKUP, language: MARKUP, sid: MARKUP }));
  await viewer.shows(MARKUP);
  assert.match(await viewer.page.locator('#file').textContent(), /^<img src=x onerror/);
  assert.equal(await viewer.page.locator('#language-shown').textContent(), 'Plain text');
  await say({
    type: 'view',
    epoch: 1,
    seq: 99,
    version: 1,
    view: { selections: [[MARKUP, 1]], top: MARKUP, bottom: 1 },
  });
  assert.equal(await scripted(viewer), undefined);
});

test('markup in a refusal of the function app is text', async () => {
  const context = await scene.person();
  await context.route('**/negotiate*', (route) =>
    route.fulfill({
      status: 400,
      headers: { 'Access-Control-Allow-Origin': '*' },
      json: { error: { code: MARKUP, message: MARKUP } },
    }),
  );
  const screen = await scene.open(scene.stack.page, 'writer', context);
  await screen.notices(/<img src=x/);
  assert.equal(await scripted(screen), undefined);
});

test('malformed messages change nothing, and the next good one is shown', async () => {
  const { client, say, full, link } = await puppet();
  const viewer = await scene.viewer(link);
  await viewer.says('Waiting for the writer');
  await say(full('good'));
  await viewer.shows('good');
  const bad = [
    null,
    7,
    'full',
    [],
    {},
    { type: 'full' },
    full('x', { version: -1 }),
    full('x', { epoch: '2' }),
    full('y', { version: 2, hash: 1 }),
    full('a\r\nb', { version: 2 }),
    { ...full('x', { version: 2 }), content: 9 },
    { type: 'delta', epoch: 1, version: 2, n: 4, changes: [[9, 9, 'x']] },
    { type: 'delta', epoch: 1, version: 2, n: 4, changes: 'x' },
    { type: 'delta', epoch: 1, version: 2, n: 1e9, changes: [] },
    {
      type: 'delta',
      epoch: 1,
      version: 2,
      n: 5,
      changes: [{ changes: [{ range: null, text: 'x' }] }],
    },
    { type: '__proto__', epoch: 1, version: 2 },
  ];
  for (const data of bad) await say(data);
  client.emit('sendToRoom', { room_id: client.session.room_id });
  await say(full('better', { version: 3 }));
  await viewer.shows('better');
  await viewer.says('Live');
});

test("an empty, a huge and a wrongly typed event leave the writer's page alone", async () => {
  const writer = await scene.writer();
  const room = roomOf(writer.link);
  const rogue = await crowd.open({ room });
  await rogue.ask('joinRoom', { room_id: room });
  for (const data of [
    null,
    'sync',
    { data: 'sync', epoch: {}, version: 'x' },
    { data: { data: 'sync' } },
    { data: 'x'.repeat(500_000) },
  ]) {
    await rogue.ask('sendToRoom', { room_id: `${room}-control`, data });
  }
  await writer.type('unimpressed');
  const viewer = await scene.reader(writer.link);
  await viewer.shows('unimpressed');
});

test('the browser itself refuses to make markup of text', async () => {
  const page = await (await scene.person()).newPage(); // one whose complaints are meant
  await page.goto(scene.stack.page);
  await page.locator('#share-link').waitFor({ state: 'attached' });
  const refused = await page.evaluate((markup) => {
    const attempts = [
      () => { document.createElement('div').innerHTML = markup; },
      () => { document.createElement('script').text = markup; },
      () => new DOMParser().parseFromString(markup, 'text/html'),
      () => new Worker('./assets/other.js'),
    ];
    return attempts.map((attempt) => {
      try {
        attempt();
        return 'done';
      } catch (error) {
        return error.name;
      }
    });
  }, MARKUP);
  assert.deepEqual(refused, refused.map(() => 'TypeError'));
});
