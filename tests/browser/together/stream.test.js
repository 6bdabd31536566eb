// What the page is for: what one person types, others see, whatever and however it is typed.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from '../../lib/test.js';
import { Crowd } from '../../lib/sockets.js';
import { deferred, pause } from '../../lib/deadline.js';
import { SOON_MS, startScene } from '../browser.js';

const MAX_TEXT = 256 * 1024;
const WINDOWS =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ' +
  'Chrome/140.0.0.0 Safari/537.36';

const LONG = { timeout: 60_000 };
/** A page asks for the text again, less and less often (web/src/viewer.js). */
const ASK_MIN_MS = 1_000;
const ASK_MAX_MS = 10_000;
/** Of both, `make test-slow` has more. */
const RANDOM_KEYS = Number(process.env.RANDOM_KEYS ?? 100);
const CROWD = Number(process.env.CROWD ?? 40);
/** In which so many viewers have the text: most of the time that their test has. */
const CROWD_MS = 45_000;

let scene;
before(async () => {
  scene = await startScene();
});
afterEach(() => scene?.everybodyLeaves());
after(() => scene?.close());

test('what a writer types appears at a viewer, with cursor, selection, language and colours', async () => {
  const writer = await scene.writer();
  await writer.type('hello');
  const viewer = await scene.viewer(writer.link);
  await viewer.says('Live');
  await viewer.shows('hello');
  await writer.page.keyboard.type(' world');
  await viewer.shows('hello world');
  await writer.page.locator('#viewer-count', { hasText: /^1$/ }).waitFor();
  await viewer.page.locator('#viewer-count', { hasText: /^1$/ }).waitFor();

  await writer.keys('Control+Shift+ArrowLeft');
  await viewer.page.locator('#editor .writer-selection').waitFor({ state: 'attached' });
  await viewer.page.locator('#editor .writer-caret').waitFor({ state: 'attached' });
  await writer.keys('ArrowRight');
  await viewer.page.locator('#editor .writer-selection').waitFor({ state: 'detached' });

  await writer.keys('Control+A', 'Delete');
  await writer.paste('def f():\n    return "text"\n');
  await writer.page.locator('#language').selectOption('python');
  await viewer.page.locator('#language-shown', { hasText: 'Python' }).waitFor();
  const colours = () =>
    viewer.page.evaluate(
      () =>
        new Set(
          [...document.querySelectorAll('#editor .cm-line span')].map(
            (span) => getComputedStyle(span).color,
          ),
        ).size,
    );
  await viewer.until(async () => (await colours()) >= 2, 10_000, 'the viewer sees colours');
});

test('text typed before the connection reaches viewers', async () => {
  const context = await scene.person();
  const gate = deferred();
  await context.route('**/negotiate*', async (route) => {
    await gate.promise;
    await route.continue();
  });
  const writer = await scene.open(scene.stack.page, 'writer', context);
  await writer.type('EARLY');
  assert.match(await writer.state(), /^(Connecting|Offline)$/);
  gate.resolve();
  await writer.says('Live');
  const link = await writer.page.locator('#share-link').getAttribute('href');
  const viewer = await scene.reader(link);
  await viewer.shows('EARLY');
});

test('several cursors, undo, redo, emoji and a CRLF paste arrive, also from Windows', async () => {
  const writer = await scene.writer({ userAgent: WINDOWS });
  const viewer = await scene.reader(writer.link);
  await writer.paste('one\r\ntwo\r\nthree\r\n');
  await viewer.shows('one\ntwo\nthree\n');
  await writer.keys('Control+Home', 'Control+Alt+ArrowDown', 'Control+Alt+ArrowDown');
  await writer.page.keyboard.type('- ');
  await viewer.shows('- one\n- two\n- three\n');
  await writer.keys('Control+Z');
  await viewer.shows(await writer.text());
  await writer.keys('Escape', 'Escape');
  await writer.focus();
  await writer.keys('Control+End');
  await writer.page.keyboard.insertText('😀 und 日本 👩‍👩‍👧');
  await writer.keys('Backspace', 'Control+Z', 'Control+Z', 'Control+Y');
  const text = await writer.text();
  await viewer.shows(text);
  assert.doesNotMatch(text, /\r/);
});

test('random keys at the writer leave a viewer with the same text', async () => {
  const writer = await scene.writer();
  const viewer = await scene.viewer(writer.link);
  await writer.paste('function add(a, b) {\n  return a + b;\n}\n'.repeat(5));
  const keys = [
    'a',
    'b',
    '(',
    '{',
    'Enter',
    'Tab',
    'Backspace',
    'Delete',
    'ArrowUp',
    'ArrowLeft',
    'End',
    'Home',
    'Control+Z',
    'Control+Y',
    'Control+D',
    'Alt+ArrowUp',
    'Control+Shift+K',
    'Shift+ArrowDown',
    'Control+Alt+ArrowDown',
    'Control+X',
    'Control+V',
    'Escape',
    '"',
    '/',
  ];
  let dice = 12345;
  for (let i = 0; i < RANDOM_KEYS; i++) {
    dice = (dice * 1103515245 + 12345) % 2147483648;
    await writer.page.keyboard.press(keys[Math.floor((dice / 2147483648) * keys.length)]);
  }
  await writer.keys('Escape', 'Escape', 'x');
  await viewer.has(await writer.text());
});

test('an oversize paste is refused in words, the stream goes on, and exactly 256 KiB arrive', async () => {
  const writer = await scene.writer();
  const viewer = await scene.reader(writer.link);
  await writer.type('before ');
  await writer.paste('x'.repeat(MAX_TEXT));
  await writer.notices(/at most 256 KiB/);
  assert.equal(await writer.text(), 'before ');
  await writer.focus();
  await writer.keys('Control+End');
  await writer.page.keyboard.type('after');
  await viewer.shows('before after');
  await writer.says('Live');
  await writer.keys('Control+A', 'Delete');
  const text = `${'0123456789abcde\n'.repeat(MAX_TEXT / 16 - 1)}0123456789 "\\é`.padEnd(
    MAX_TEXT,
    '.',
  );
  await writer.paste(text);
  await viewer.shows(text);
});

test('a byte order mark that begins a text outlives a reload, and the offsets after it', async () => {
  const writer = await scene.writer();
  const viewer = await scene.viewer(writer.link);
  await writer.paste('\ufeffone');
  await viewer.shows('\u2022one');
  await writer.page.reload();
  await writer.says('Live');
  await writer.focus();
  await writer.keys('Control+End');
  await writer.page.keyboard.type(' two');
  // The mark is shown as a sign that it is there.
  await writer.shows('\ufffdone two');
  await viewer.shows('\u2022one two');
  await writer.keys('Control+Home', 'Delete');
  for (const screen of [writer, viewer]) await screen.shows('one two');
});

// No event handler takes part there: the service's own roles decide who may speak where.
test('over the native endpoint what a writer types appears at viewers, early and late, and a reload keeps room and text', async () => {
  const writer = await scene.open(`${scene.stack.page}?transport=native`, 'writer', await scene.person());
  await writer.says('Live');
  const link = await writer.page.locator('#share-link').getAttribute('href');
  const early = await scene.viewer(link);
  await writer.type('hello');
  await early.shows('hello');
  const late = await scene.viewer(link);
  await late.shows('hello');
  await writer.page.keyboard.type(' world');
  await early.shows('hello world');
  await late.shows('hello world');
  await writer.page.reload();
  await writer.says('Live');
  await writer.focus();
  await writer.keys('Control+End');
  await writer.page.keyboard.type(' on');
  for (const viewer of [early, late]) await viewer.shows('hello world on');
});

test(`${CROWD} viewers who join within a second cause at most two fulls to the room`, LONG, async () => {
  const writer = await scene.writer();
  await writer.type('for all of you');
  const crowd = new Crowd(scene.stack.api, ['websocket']);
  try {
    const room = new URL(writer.link).hash.slice(1);
    const observer = await crowd.open({ room });
    await observer.ask('joinRoom', { room_id: room });
    const viewers = await Promise.all(Array.from({ length: CROWD }, () => crowd.dial({ room })));
    const before = observer.heard().filter(({ data }) => data.type === 'full').length;
    const started = Date.now();
    const texts = await Promise.all(viewers.map((viewer) => patientText(viewer, room)));
    const took = Date.now() - started;
    for (const { data } of texts) assert.equal(data.content, 'for all of you');
    const fulls = observer.heard().filter(({ data }) => data.type === 'full').length - before;
    // Two in each second that the joining takes on this machine.
    assert.ok(fulls <= 2 * Math.ceil(took / 1_000), `${fulls} fulls to the room in ${took} ms`);
    // A writer that has had to connect again counts those who answer it, as pages do.
    const count = () => writer.page.locator('#viewer-count').textContent();
    const counted = async () => {
      if ((await count()) === String(CROWD + 1)) return true;
      await Promise.all([observer, ...viewers].map((viewer) => askForText(viewer, room)));
      return false;
    };
    await writer.until(counted, SOON_MS, 'all are counted', count);
  } finally {
    crowd.close();
  }
});

const askForText = (viewer, room) =>
  viewer.ask('sendToRoom', {
    room_id: `${room}-control`,
    data: { data: 'sync', epoch: 0, version: -1 },
  });

/** Joins and asks for the text as a page does: greeted or not, and again until it comes. */
async function patientText(viewer, room) {
  const isFull = ({ data }) => data.type === 'full';
  const text = viewer.next(
    'message', (message) => message.type === 'editorMessage' && isFull(message), CROWD_MS,
  );
  text.catch(() => {}); // until it is looked at
  let isIn = false;
  for (let wait = ASK_MIN_MS; !viewer.heard().some(isFull); wait = Math.min(2 * wait, ASK_MAX_MS)) {
    isIn ||= (await viewer.ask('joinRoom', { room_id: room })).success;
    if (isIn) await askForText(viewer, room);
    await Promise.race([text, pause(wait)]);
  }
  return text;
}
