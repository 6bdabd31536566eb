import test from 'node:test';
import assert from 'node:assert/strict';
import { ago, kindOf, readKept } from '../src/kept.js';
import { EVERY_MS, KeptReads } from '../src/kept-reads.js';
import { keptStatus } from '../src/kept-status.js';
import { viewerStatus } from '../src/status.js';
import { MAX_TEXT } from '../src/protocol.js';
import { Viewer } from '../src/viewer.js';
import { Writer } from '../src/writer.js';

const TEXT = { epoch: 7, version: 3, at: 1_000, name: 'a.c', language: 'c', content: 'abc', ended: false };

test('what is no kept text is not believed', () => {
  assert.deepEqual(readKept(TEXT), TEXT);
  const bad = [
    null, [], 'x', {}, { ...TEXT, epoch: 0 }, { ...TEXT, epoch: 1.5 }, { ...TEXT, version: -1 },
    { ...TEXT, at: 'now' }, { ...TEXT, content: 3 }, { ...TEXT, language: undefined },
    { ...TEXT, content: 'x'.repeat(MAX_TEXT + 1) },
  ];
  for (const raw of bad) assert.equal(readKept(raw), undefined, JSON.stringify(raw)?.slice(0, 80));
  const kinds = [
    [200, TEXT, 'text'], [200, {}, 'refused'], [404, { error: { code: 'NotKept' } }, 'none'],
    [404, { error: { code: 'NotFound' } }, 'off'], [404, {}, 'busy'], [0, {}, 'busy'],
    [429, {}, 'busy'], [502, {}, 'busy'], [503, {}, 'busy'], [400, {}, 'refused'],
  ];
  for (const [status, body, kind] of kinds) assert.equal(kindOf(status, body), kind);
});

test('an age is said in its largest unit', () => {
  const ages = [[-5, '0 s ago'], [59_999, '59 s ago'], [60_000, '1 min ago'], [7_200_000, '2 h ago'],
    [86_400_000, 'a day ago'], [9 * 86_400_000, '9 days ago']];
  for (const [ms, words] of ages) assert.equal(ago(ms), words);
});

/** When it reads in so many seconds, each read being answered like this. */
function readings({ seconds, page, kind = 'text', changed = () => false }) {
  const reads = new KeptReads({ random: () => 0.5 });
  const times = [];
  for (let now = 0; now < seconds * 1_000; now += 100) {
    if (!reads.poll(page(now), now)) continue;
    times.push(now / 1_000);
    reads.done(kind, changed(now), now);
  }
  return times;
}

test('a joiner reads at once, and after joining up to three times more', () => {
  const join = (now) => ({ connected: now >= 700, needsText: true, visible: true });
  assert.deepEqual(readings({ seconds: 60, page: join }), [0, 0.7, 1.7, 2.7, 3.7]);
  const soon = (now) => ({ connected: now >= 300, needsText: now < 1_500, visible: true });
  assert.deepEqual(readings({ seconds: 60, page: soon }), [0, 1.3]);
  const none = { seconds: 60, page: join, kind: 'none' };
  assert.deepEqual(readings(none), [0, 0.7], 'where nothing is kept it asks the writer');
});

test('without a socket it reads every four seconds, an unchanged text less often', () => {
  const page = () => ({ connected: false, needsText: true, visible: true });
  const times = readings({ seconds: 20, page, changed: () => true });
  assert.deepEqual(times, [0, 4, 8, 12, 16]);
  const idle = readings({ seconds: 200, page });
  const gaps = idle.slice(1).map((time, i) => time - idle[i]);
  assert.deepEqual(gaps, [8, 16, 30, 30, 30, 30, 30]);
  assert.deepEqual(readings({ seconds: 30, page, kind: 'busy' }), [0, 8, 24]);
  assert.deepEqual(readings({ seconds: 60, page, kind: 'off' }), [0]);
});

test('a hidden page does not read, and reads when it is seen again', () => {
  const page = (now) => ({ connected: false, needsText: true, visible: now < 1_000 || now >= 50_000 });
  assert.deepEqual(readings({ seconds: 52, page, changed: () => true }), [0, 50]);
});

test('a lost connection is not replaced before it had time to come back', () => {
  const page = (now) => ({ connected: now < 10_000 || now >= 12_000, needsText: false, visible: true });
  assert.deepEqual(readings({ seconds: 30, page }), []);
});

// ---- the viewer ----

/** A writer and a viewer that joins it, with a text that was kept on the way. */
function scene() {
  const writer = new Writer({ epoch: 7, text: 'a', language: 'c', name: 'a.c' });
  const viewer = new Viewer({ random: () => 0.5, reads: true });
  const scene = { writer, viewer, now: 10_000, asked: [] };
  writer.joined('socket-of-writer', scene.now);
  scene.kept = () => ({
    epoch: 7, version: writer.version, at: 5_000, name: 'a.c', language: 'c',
    content: writer.known.text,
  });
  scene.pass = (ms, { hears = true } = {}) => {
    for (const end = scene.now + ms; scene.now < end; scene.now += 50) {
      for (const { id, data, to } of writer.poll(scene.now)) {
        if (id !== undefined) writer.answered(id, { success: true }, scene.now);
        if (hears && viewer.connected && !to) viewer.heard(data, 'socket-of-writer', scene.now);
      }
      for (const { id, data } of viewer.poll(scene.now)) {
        viewer.answered(id, { success: true });
        scene.asked.push(data);
        writer.heard(data, 'socket-of-viewer', scene.now);
      }
    }
  };
  scene.type = (words) => writer.edit([[writer.text.length, 0, words]]);
  scene.join = () => {
    writer.presence({ role: 'viewer', state: 'joined', from: 'socket-of-viewer' });
    viewer.joined('socket-of-viewer', scene.now);
  };
  scene.pass(10_000);
  return scene;
}

const asks = ({ asked }) => asked.filter(({ here }) => !here).length;

test('a joiner shows the kept text, goes on with what it hears, and asks the writer nothing', () => {
  const s = scene();
  assert.deepEqual(s.viewer.restored(s.kept(), s.now), [[0, 0, 'a']]);
  assert.ok(s.viewer.needsText && s.viewer.keptAt > 0, 'nothing says that this is the newest');
  s.join();
  s.type('b');
  s.pass(1_000);
  assert.deepEqual([s.viewer.text, s.viewer.needsText, s.viewer.keptAt], ['ab', false, 0]);
  s.pass(5_000);
  assert.equal(asks(s), 0);
  assert.equal(s.viewer.session.sid, 'socket-of-writer');
});

test('deltas that are heard before the text is read wait for it', () => {
  const s = scene();
  s.type('b');
  s.pass(1_000);
  s.join();
  for (const word of 'cde') {
    s.type(word);
    s.pass(300);
  }
  assert.equal(s.viewer.hasText, false);
  const old = { ...s.kept(), version: 2, content: 'abc' };
  s.viewer.restored({ ...old, version: 0, content: 'a' }, s.now);
  assert.ok(s.viewer.needsText, 'one delta is missing between them');
  s.viewer.restored(old, s.now);
  assert.deepEqual([s.viewer.text, s.viewer.needsText], ['abcde', false]);
  assert.equal(asks(s), 0);
});

test('whoever finds nothing kept asks the writer at once, and else after three and a half seconds', () => {
  const s = scene();
  s.join();
  s.pass(200, { hears: false });
  assert.equal(asks(s), 0);
  s.viewer.notKept();
  s.pass(100, { hears: false });
  assert.equal(asks(s), 1);
  const other = scene();
  other.join();
  other.pass(3_400, { hears: false });
  assert.equal(asks(other), 0);
  other.pass(200, { hears: false });
  assert.equal(asks(other), 1);
});

test('a kept text that is older than what is shown changes nothing', () => {
  const s = scene();
  const old = s.kept();
  s.type('b');
  s.join();
  s.viewer.restored(old, s.now);
  s.pass(1_000);
  assert.deepEqual(s.viewer.restored(old, s.now), []);
  assert.deepEqual(s.viewer.restored({ ...old, epoch: 6, version: 99 }, s.now), []);
  assert.deepEqual([s.viewer.text, s.viewer.keptAt], ['ab', 0]);
});

test('whoever comes after the end reads so, and asks nobody; a session that goes on is live again', () => {
  const last = { ...TEXT, ended: true };
  assert.equal(readKept({ ...TEXT, ended: 'yes' }).ended, false);
  for (const before of [[], [TEXT]]) {
    const viewer = new Viewer({ reads: true });
    for (const text of [...before, last]) viewer.restored(text, 100);
    viewer.joined('socket-of-viewer', 200);
    viewer.restored(last, 300);
    const late = { viewer, link: link('up'), now: 60_000 };
    assert.equal(keptStatus({ ...late, every: EVERY_MS, today: 62_000 }), undefined);
    assert.equal(viewerStatus(late).notice.text, 'The writer has ended the session. This is the last text.');
    for (let now = 300; now < 60_000; now += 1_000)
      assert.deepEqual(viewer.poll(now).filter(({ data }) => !data.here), []);
    viewer.restored({ ...TEXT, epoch: 8, content: 'on' }, 60_000);
    assert.deepEqual([viewer.session.ended, viewer.text, viewer.needsText], [false, 'on', true]);
  }
  // Of a text before the last, the news would not be true.
  const behind = new Viewer({ reads: true });
  behind.joined('socket-of-viewer', 0);
  behind.heard({ type: 'delta', epoch: 7, version: 5, n: 1, changes: [[0, 0, 'x']] }, 'w', 50);
  behind.restored(last, 100);
  assert.equal(behind.session.ended, false);
});

// ---- what the page says ----

const link = (phase, since = 0) => ({ phase, since, network: true });

test('a kept text is never called live, and its age is said', () => {
  const viewer = new Viewer({ reads: true });
  viewer.restored({ ...TEXT, at: 50_000 }, 100);
  const say = (state) =>
    keptStatus({ viewer, every: EVERY_MS, today: 62_000, now: 10_000, ...state });
  assert.deepEqual(say({ link: link('connecting', 9_000) }), { word: 'Text of 12 s ago', tone: 'wait' });
  const waiting = say({ link: link('connecting') });
  assert.equal(waiting.word, 'Delayed');
  assert.match(waiting.notice.text, /read about every 4 s instead; this one was kept 12 s ago/);
  viewer.joined('socket-of-viewer', 9_000);
  assert.equal(say({ link: link('up') }).word, 'Text of 12 s ago');
  const away = say({ link: link('up'), now: 30_000 });
  assert.equal(away.word, 'Writer away');
  assert.match(away.notice.text, /last text that was kept, at \d+:\d\d.* \(12 s ago\)/);
  assert.equal(say({ link: link('failed') }), undefined);
  assert.equal(keptStatus({ viewer: new Viewer(), link: link('up') }), undefined);
});
