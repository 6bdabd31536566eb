// No text of any language holds a page: lines are generated from what constructs begin with and from
// units that are repeated, shown to writer and viewer, and the tasks of both pages are counted.
// `make test` tries a few languages and lines, `make test-sweep` all of them: SWEEP=1/2 is the first
// of two parts that run at the same time, SWEEP_LANGUAGES=go,lua are some languages only.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from '../../lib/test.js';
import { traceTasks } from '../../lib/tasks.js';
import { LANGUAGES } from '../../../web/src/languages.js';
import { SOON_MS, startScene } from '../browser.js';

const { SWEEP, SWEEP_LANGUAGES } = process.env;
const ALL = Boolean(SWEEP || SWEEP_LANGUAGES);
/** Of the processor, which a sanitizer beside it does not slow; at rest it is a fifth of that. */
const MAX_TASK_MS = ALL ? 200 : 500;
const MAX_TEXT = ALL ? 250_000 : 60_000;
/** Characters of a line that the writer's page draws in one row. */
const MAX_ROW = 320;
/** Those that held the page, and those that are used most. */
const SAMPLE = ['clojure', 'hcl', 'scss', 'markdown'];
/** Each of these has stopped a page for good, or for half a minute. */
const KNOWN = ['.'.repeat(80), `<a ${' '.repeat(1_900)}`, `a${' '.repeat(1_900)}x`, `$${'a'.repeat(1_900)}`];
/** In Markdown this is one paragraph, and every other character is a mark. */
const MARKS = Array(30).fill('_a*a'.repeat(475)).join('\n');

const BEGINNINGS =
  '" \' ` // # /* <!-- <a < { ( [ $ @ \\ & . - = 0 0x 1e a % ${ << """ \'\'\' ``` --- | ! : ^ * _ + / ? r" (* {- =begin'.split(
    ' ',
  );
const UNITS = [...'a0."\'\\ (<-_*`=:/#$@{[;,|!&'];
const PAIRS = UNITS.flatMap((one, i) => [UNITS[(i + 1) % UNITS.length], UNITS[(i + 7) % UNITS.length]].map((two) => one + two));

const line = (beginning, unit, length) => (beginning + unit.repeat(length)).slice(0, length);

/**
 * Each beginning with each unit, of which some stay open over several lines. A time that doubles
 * with each unit shows in a short line, one that grows with the third power of the length in one
 * that is just not too long for colours.
 */
function* generated() {
  for (const beginning of BEGINNINGS)
    for (const unit of [...UNITS, ...PAIRS]) yield line(beginning, unit, 60);
  for (const beginning of ['', ...BEGINNINGS])
    for (const unit of beginning ? UNITS : [...UNITS, ...PAIRS]) yield line(beginning, unit, 1_900);
  if (ALL) for (const unit of UNITS) yield line('', unit, 20_000);
}

/** The lines as texts that fit into a session. */
function* texts() {
  yield MARKS;
  let lines = [...KNOWN];
  let size = lines.join('\n').length + 1;
  // In a sample, every 35th line: coprime to how many there are of each kind.
  let count = 0;
  for (const line of generated()) {
    if (!ALL && count++ % 35 !== 0) continue;
    if (size + line.length + 1 > MAX_TEXT) {
      yield lines.join('\n');
      if (!ALL) return;
      lines = [];
      size = 0;
    }
    lines.push(line);
    size += line.length + 1;
  }
  yield lines.join('\n');
}

let scene;
before(async () => {
  scene = await startScene();
});
afterEach(() => assert.deepEqual(scene?.faults.splice(0) ?? [], []));
after(() => scene?.close());

/** A writer's page keeps what can be undone, so that not all languages share one. */
const LANGUAGES_OF_PAGE = 8;
/** A writer and a viewer; nobody while a test is at work, which may break their pages. */
let pages;
async function takePages() {
  const taken = pages?.languages < LANGUAGES_OF_PAGE ? pages : await open();
  pages = undefined;
  taken.languages++;
  return taken;
}

async function open() {
  await everybodyLeaves();
  const context = await scene.person();
  const writer = await scene.writer({ context });
  const viewer = await scene.viewer(writer.link);
  await viewer.says('Live');
  return { context, writer, viewer, languages: 0 };
}

async function everybodyLeaves() {
  pages = undefined;
  await scene?.everybodyLeaves();
}

const LOOKS = 60;
/**
 * The page has nothing more to do. Chromium has now and then been found to give a page less than
 * 10 ms at a time for good, which did nothing at all: that is rest, too.
 */
const rest = (screen) =>
  screen.page.evaluate(
    (most) =>
      new Promise((resolve) => {
        let calm = 0;
        let looks = 0;
        const look = (deadline) => {
          calm = deadline.timeRemaining() > 10 ? calm + 1 : 0;
          if (calm > 5 || ++looks > most) resolve();
          else requestIdleCallback(look);
        };
        requestIdleCallback(look);
      }),
    LOOKS,
  );

/** Those of this run. */
function languages() {
  if (SWEEP_LANGUAGES) return SWEEP_LANGUAGES.split(',');
  if (!ALL) return SAMPLE;
  const [part, parts] = SWEEP.split('/').map(Number);
  return LANGUAGES.map(({ id }) => id).filter((_, i) => i % parts === part - 1);
}

for (const language of languages())
  test(`no line holds a page: ${language}`, { timeout: ALL ? 600_000 : 120_000 }, async (t) => {
    const taken = await takePages();
    const { context, writer, viewer } = taken;
    await writer.page.locator('#language').selectOption(language);
    await writer.page.locator('#editor .monaco-editor').first().waitFor();
    // A trace has the tasks of all pages.
    const traced = await traceTasks(await context.newCDPSession(writer.page));
    for (const text of texts()) {
      await writer.focus();
      await writer.keys('Control+A', 'Delete');
      await writer.paste(text);
      await Promise.all([rest(writer), rest(viewer)]);
      await viewer.has(text);
      for (const screen of [writer, viewer]) await screen.says('Live');
    }
    await Promise.all([rest(writer), rest(viewer)]);
    const [longest] = await traced();
    assert.ok(longest.ms <= MAX_TASK_MS, `${Math.round(longest.ms)} ms: ${longest.parts().join('; ')}`);
    t.diagnostic(`the longest task took ${Math.round(longest.ms)} ms`);
    pages = taken;
  });

/** Each of these takes seconds to lay out where nothing bounds what is drawn of a line. */
const LONG = ['สวัสดีครับ', 'សួស្តី', '\t', 'a\t', `a${'\u0301'.repeat(40)}`, 'a\u05d0'];

test('no line holds the writer\'s page where lines do not wrap, and each can be typed to its end', { timeout: 120_000 }, async () => {
  const { context, writer, viewer } = await takePages();
  const lines = UNITS.slice(0, 10).map((unit) => line('', unit, 20_000));
  const text = [`a${'\u0301'.repeat(20_000)}`, ...lines].join('\n');
  await writer.focus();
  await writer.keys('Control+A', 'Delete');
  const traced = await traceTasks(await context.newCDPSession(writer.page));
  await writer.paste(text);
  await writer.page.keyboard.type(' end');
  const last = async () => (await writer.lines()).at(-1);
  await writer.until(async () => (await last()).endsWith(' end'), SOON_MS, 'what is typed is seen', last);
  for (const row of await writer.lines()) assert.ok(row.length <= MAX_ROW, `${row.length} characters are drawn`);
  await rest(writer);
  const [longest] = await traced();
  assert.ok(longest.ms <= MAX_TASK_MS, `${Math.round(longest.ms)} ms: ${longest.parts().join('; ')}`);
  await viewer.has(`${text} end`);
});

test('no line holds a page, however long, where lines wrap', { timeout: 120_000 }, async () => {
  await everybodyLeaves();
  const wrapping = async () => {
    const context = await scene.person();
    await context.addInitScript(() => {
      localStorage['codestream.preferences'] = JSON.stringify({ wrap: true });
    });
    return context;
  };
  const context = await wrapping();
  const writer = await scene.writer({ context });
  const viewer = await scene.viewer(writer.link, { context: await wrapping() });
  await viewer.page.locator('.cm-lineWrapping').waitFor();
  // In Julia, Monaco's grammar gives up at so many brackets, which is to be nobody's error.
  await writer.page.locator('#language').selectOption('julia');
  const nested = `$${'('.repeat(200)}`;
  const text = [nested, ...LONG.map((part) => part.repeat(40_000 / part.length))].join('\n');
  const traced = await traceTasks(await context.newCDPSession(writer.page));
  await writer.paste(text);
  await viewer.has(text);
  for (const screen of [writer, viewer]) await rest(screen);
  const [longest] = await traced();
  assert.ok(longest.ms <= MAX_TASK_MS, `${Math.round(longest.ms)} ms: ${longest.parts().join('; ')}`);
  assert.equal(await writer.text(), text);
});
