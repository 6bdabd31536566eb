// The viewer's reader: what it copies, how it takes what comes in a burst, and what a page says that
// cannot begin.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from '../../lib/test.js';
import { deferred, eventually, within } from '../../lib/deadline.js';
import { Crowd } from '../../lib/sockets.js';
import { SOON_MS, startScene } from '../browser.js';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const LONG = Array.from({ length: 1_000 }, (_, i) => `line ${i + 1} of the text`).join('\n');

let scene;
let crowd;
before(async () => {
  scene = await startScene();
  crowd = new Crowd(scene.stack.api, ['websocket']);
});
afterEach(() => scene?.everybodyLeaves());
after(async () => {
  beats.forEach(clearInterval);
  crowd?.close();
  await scene?.close();
});

/** FNV-1a over UTF-16, as the page has it. */
function hash(text) {
  let h = 0x811c9dc5n;
  for (const unit of Buffer.from(text, 'utf16le'))
    h = ((h ^ BigInt(unit)) * 0x01000193n) & 0xffffffffn;
  return Number(h);
}

/** A writer's sign of life, without which its viewers ask for one after a while. */
const BEAT_MS = 1_000;
const beats = [];

/** A writer that is a program, and a viewer of it that shows its first text. */
async function puppet(content, { place = '', ...options } = {}) {
  const client = await crowd.open({});
  const room = client.session.room_id;
  await client.ask('joinRoom', { room_id: `${room}-control` });
  const viewer = await scene.viewer(`${scene.stack.page}#${room}${place}`, options);
  await viewer.says('Waiting for the writer');
  const say = (data) => client.ask('sendToRoom', { room_id: room, data });
  const n = content.length;
  const session = { language: 'plaintext', name: '', paused: false, ended: false, viewers: 1 };
  const full = { type: 'full', epoch: 1, seq: 1, version: 1, content, n, hash: hash(content) };
  await say({ ...full, ...session, sid: client.id });
  const beat = { ...full, type: 'beat', content: undefined };
  beats.push(setInterval(() => client.emit('sendToRoom', { room_id: room, data: beat }), BEAT_MS));
  await viewer.page.locator('#editor .cm-content').waitFor();
  await viewer.page.locator('#editor .first-text').waitFor({ state: 'detached' });
  return { client, say, viewer };
}

async function pair(text, options) {
  const writer = await scene.writer();
  await writer.paste(text);
  await writer.keys('Control+Home');
  const viewer = await scene.viewer(writer.link, options);
  await viewer.says('Live');
  await viewer.page.locator('#editor .first-text').waitFor({ state: 'detached' });
  return { writer, viewer };
}

/** What the browser copies, and nobody has before. */
const copied = ({ page }) =>
  page.evaluate(async () => {
    await navigator.clipboard.writeText('nothing was copied');
    document.execCommand('copy');
    return navigator.clipboard.readText();
  });

test('on a phone, "Select all" and "Copy" give the whole text, and a part is copied letter by letter', async () => {
  const text = `first\n\n\tthird  line\n${LONG}`;
  const { viewer } = await pair(text, PHONE);
  assert.ok((await viewer.lines()).length < 200, 'all lines are drawn, and prove nothing');
  await viewer.page.evaluate(() => document.execCommand('selectAll'));
  assert.equal(await copied(viewer), text);
  await viewer.page.evaluate(() => {
    const [first, , third] = document.querySelectorAll('#editor .cm-line');
    const text = (line) => document.createTreeWalker(line, NodeFilter.SHOW_TEXT).nextNode();
    const range = document.createRange();
    range.setStart(text(first), 2);
    const last = document.createTreeWalker(third, NodeFilter.SHOW_TEXT);
    let node = last.nextNode();
    for (let next = node; next; next = last.nextNode()) node = next;
    range.setEnd(node, node.length);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  });
  assert.equal(await copied(viewer), 'rst\n\n\tthird  line');
});

/** Somebody to whom deltas come at one moment, once there are so many, however slow the machine. */
async function personOfBursts(count) {
  const context = await scene.person();
  await context.addInitScript((count) => {
    const onmessage = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');
    const held = [];
    const set = function (listener) {
      onmessage.set.call(this, (event) => {
        if (!String(event.data).includes('"delta"')) listener.call(this, event);
        else if (held.push(event) === count) held.forEach((delta) => listener.call(this, delta));
      });
    };
    Object.defineProperty(WebSocket.prototype, 'onmessage', { ...onmessage, set });
  }, count);
  return context;
}

test('64 deltas in one burst are all drawn, together, and ask the writer nothing', async () => {
  const context = await personOfBursts(64);
  const { client, say, viewer } = await puppet('begin', { context });
  await viewer.page.evaluate(() => {
    window.drawings = [];
    new MutationObserver(() => window.drawings.push(performance.now())).observe(document.querySelector('.cm-content'), {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  let text = 'begin';
  const sent = [];
  for (let i = 0; i < 64; i++) {
    const letter = String.fromCharCode(97 + (i % 26));
    text += letter;
    const changes = [[text.length - 1, 0, letter]];
    sent.push(say({ type: 'delta', epoch: 1, version: i + 2, n: text.length, changes }));
  }
  await Promise.all(sent);
  await viewer.shows(text);
  const drawings = await viewer.page.evaluate(() => window.drawings);
  // However long it took the page to take them all.
  const most = 2 + (drawings[drawings.length - 1] - drawings[0]) / 190;
  assert.ok(drawings.length <= most, `${drawings.length} drawings, ${most} at most`);
  // A writer who is silent for long is asked, too: by who has none of the deltas yet, or all of them.
  const asks = client.heard().filter(({ data }) => data?.data === 'sync' && data.version > 1 && data.version < 65);
  assert.deepEqual(asks, []);
  assert.equal(await viewer.text(), text);
});

test('lines of combining marks and of changes of direction are cut on the screen only', async () => {
  const marks = `a${'\u0301\u0316'.repeat(4_000)}`;
  const turns = '\u202eab\u202dcd\u05d0'.repeat(1_200);
  const text = `${marks}\n${turns}\nplain`;
  const { viewer } = await puppet(text);
  const lengths = (await viewer.lines()).map(({ length }) => length);
  assert.ok(Math.max(...lengths) < 4_000, `${lengths}`);
  assert.equal(await viewer.text(), text);
});

test('a screen that becomes wider has its colours to the edge, also where a bound leaves some out', async () => {
  const text = Array(60).fill('a=1;'.repeat(450)).join('\n');
  const { writer, viewer } = await pair(text, { viewport: { width: 320, height: 700 } });
  await writer.page.locator('#language').selectOption('javascript');
  const coloured = () => viewer.page.locator('.cm-line span[class*=tok-]').count();
  await viewer.until(async () => (await coloured()) > 0, SOON_MS, 'there are colours', coloured);
  await viewer.page.setViewportSize({ width: 1920, height: 700 });
  const atEdge = () =>
    viewer.page.evaluate(() => {
      const lefts = [...document.querySelectorAll('.cm-line span[class*=tok-]')].map((mark) => mark.getBoundingClientRect().left);
      return lefts.filter((left) => left > 1_800 && left < 1_900).length;
    });
  await viewer.until(async () => (await atEdge()) > 0, SOON_MS, 'there are colours at the edge', atEdge);
});

test('the line that a link names is shown also to whoever has come before the writer', async () => {
  const { viewer } = await puppet(LONG, { place: ':L500' });
  await viewer.until(async () => (await viewer.lines()).includes('line 500 of the text'), SOON_MS, 'line 500');
  assert.equal(await viewer.page.locator('#follow').getAttribute('aria-pressed'), 'false');
});

test('a page whose script does not arrive says so and does not wait; its style is asked for again', async () => {
  const context = await scene.person();
  await context.route('**/page-*.js', (route) => route.abort());
  await context.route('**/style-*.css', (route) => route.fulfill({ status: 404 }));
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(scene.stack.page);
  await page.getByRole('alert').filter({ hasText: 'looks wrong. Reload' }).waitFor();
  await page.clock.fastForward(11_000);
  await page.getByRole('alert').waitFor({ state: 'detached' });
  assert.equal(await page.locator('#state').textContent(), 'Not loaded');
  assert.match(await page.locator('#empty').innerText(), /could not be loaded\s+A part.*Reload/);
});

test('what does not come for ten seconds is said, at the start and later, and is taken when it comes', async () => {
  const context = await scene.person();
  const held = {};
  for (const part of ['page', 'editor', 'share-panel', 'style']) {
    held[part] = deferred();
    await context.route(`**/${part}-*.${part === 'style' ? 'css' : 'js'}*`, async (route) => {
      await held[part].promise;
      await route.continue();
    });
  }
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(scene.stack.page, { waitUntil: 'commit' });
  const says = (words) => page.locator('#empty-title', { hasText: words }).waitFor();
  await says('Loading');
  await page.clock.fastForward(11_000);
  await says('The page is not there yet');
  // Without its style, a page is not painted unless it stops waiting for it.
  const alert = page.getByRole('alert').filter({ hasText: 'looks wrong' });
  await alert.waitFor();
  const drawing = (await context.newCDPSession(page)).send('Page.captureScreenshot');
  await within(SOON_MS, drawing, 'the page is painted');
  held.style.resolve();
  await alert.waitFor({ state: 'detached' });
  held.page.resolve();
  await page.locator('html[data-role=writer]').waitFor();
  const banner = page.locator('#banner-text');
  // A connection that is not there yet has the first word.
  await page.locator('#state', { hasText: 'Live' }).waitFor();
  await page.clock.fastForward(11_000);
  await banner.filter({ hasText: 'has not arrived yet' }).waitFor();
  await says('The editor has not arrived yet');
  // A file that is opened meanwhile waits for the editor.
  await page.setInputFiles('#open-file', { name: 'early.py', mimeType: '', buffer: Buffer.from('early') });
  held.editor.resolve();
  await page.locator('#editor .view-line', { hasText: 'early' }).waitFor();
  await page.locator('#file', { hasText: 'early.py' }).waitFor();
  await eventually(SOON_MS, async () => (await banner.textContent()) === '', 'nothing is missing');
  await page.locator('#share:enabled').click();
  await page.clock.fastForward(11_000);
  await banner.filter({ hasText: 'has not arrived yet' }).waitFor();
  held['share-panel'].resolve();
  await page.locator('#share-panel').waitFor();
  await eventually(SOON_MS, async () => (await banner.textContent()) === '', 'nothing is missing');
});

test('a page whose part for its role does not arrive says so', async () => {
  for (const [role, hash] of [['write', ''], ['watch', `#${'R'.repeat(22)}`]]) {
    const context = await scene.person();
    await context.route(`**/${role}-*.js*`, (route) => route.abort());
    // Its errors are meant.
    const page = await context.newPage();
    await page.goto(`${scene.stack.page}${hash}`);
    await page.locator('#empty', { hasText: 'could not be loaded' }).waitFor();
    await context.close();
  }
});

test('a viewer asks for its way in once and opens its one socket before its scripts have come', async () => {
  const context = await scene.person();
  const asked = [];
  const sockets = [];
  let opened;
  const came = new Promise((resolve) => {
    opened = resolve;
  });
  context.on('request', (request) => asked.push(new URL(request.url()).pathname));
  context.on('page', (page) => page.on('websocket', (socket) => sockets.push(socket.url()) && opened()));
  await context.route('**/watch-*.js', async (route) => {
    await came;
    await route.continue();
  });
  const { viewer } = await puppet('the text', { context });
  await viewer.says('Live');
  await viewer.shows('the text');
  assert.equal(asked.filter((path) => path.endsWith('/negotiate')).length, 1);
  assert.equal(sockets.length, 1);
  assert.deepEqual(asked.filter((path) => /write-|editor-|clients/.test(path)), []);
});

test('a viewer whose reader does not arrive keeps the first text, up to date, and can reload', async () => {
  const writer = await scene.author('still here');
  const context = await scene.person();
  await context.route('**/reader-*.js*', (route) => route.abort());
  const viewer = await scene.viewer(writer.link, { context });
  await viewer.notices(/could not be loaded/);
  writer.type('!');
  await viewer.page.locator('#editor .first-text', { hasText: 'still here!' }).waitFor();
  await context.unroute('**/reader-*.js*');
  await viewer.page.locator('#banner-action').click();
  await viewer.shows('still here!');
});

test('a draft whose colours the page did not survive opens as plain text, and says so', async () => {
  const writer = await scene.writer();
  await writer.paste('(def a 1)');
  await writer.page.locator('#language').selectOption('clojure');
  const slot = await writer.page.evaluate(() => `codestream.session.${localStorage['codestream.last']}`);
  const kept = () => writer.page.evaluate((name) => JSON.parse(localStorage[name]), slot);
  await writer.until(async () => !(await kept()).trying, SOON_MS, 'the page has survived', kept);
  assert.equal((await kept()).language, 'clojure');

  const open = async (records) => {
    const context = await scene.person();
    await context.addInitScript(
      ([last, values]) => {
        if (sessionStorage.set) return;
        sessionStorage.set = 'yes';
        localStorage['codestream.last'] = last;
        for (const [name, value] of Object.entries(values)) localStorage[name] = JSON.stringify(value);
        // The notice goes after a while, which may be over before a busy machine has loaded the page.
        window.notices = [];
        new MutationObserver(() => {
          window.notices.push(document.querySelector('#banner-text')?.textContent);
        }).observe(document, { subtree: true, childList: true, characterData: true });
      },
      [slot.split('.').pop(), records],
    );
    const screen = await scene.open(scene.stack.page, 'writer', context);
    await screen.shows('(def a 1)');
    return screen;
  };
  const ours = await kept();
  const other = `codestream.session.${'R'.repeat(22)}`;
  const beside = await open({ [slot]: ours, [other]: { ...ours, room: 'R'.repeat(22), trying: true } });
  assert.equal(await beside.page.locator('#language').inputValue(), 'clojure');
  await beside.page.context().close();
  const again = await open({ [slot]: { ...ours, trying: true } });
  await again.page.waitForFunction(() =>
    window.notices.some((text) => text?.includes('opens as plain text')),
  );
  assert.equal(await again.page.locator('#language').inputValue(), 'plaintext');
});
