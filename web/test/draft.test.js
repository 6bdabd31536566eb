import test from 'node:test';
import assert from 'node:assert/strict';
import { Draft, SAVE_MS, SURVIVED_MS } from '../src/draft.js';
import { Writer } from '../src/writer.js';

/** A draft in a browser that keeps what it is given, until `scene.keeps` is false. */
function drafted(options) {
  const writer = new Writer({ epoch: 7, text: 'one', language: 'go', name: 'a.go', ...options });
  const session = { room: '', key: '' };
  const scene = { writer, session, saved: [], keeps: true };
  const store = (record) => {
    scene.saved.push(record);
    return scene.keeps;
  };
  return Object.assign(scene, { draft: new Draft({ session, writer, store }) });
}

/** Everything that this writer has to send is sent and acknowledged. */
function settle(writer, now) {
  writer.joined('w', now);
  for (const { id } of writer.poll(now)) writer.answered(id, { success: true }, now);
}

test('a row of changes is saved once, a moment after the first', () => {
  const { draft, saved } = drafted();
  assert.equal(draft.wakeAt, Infinity);
  for (const now of [100, 200, 300]) draft.saveSoon(now);
  assert.equal(draft.wakeAt, 100 + SAVE_MS);
  draft.poll(100 + SAVE_MS - 1);
  assert.equal(saved.length, 0);
  draft.poll(100 + SAVE_MS);
  assert.deepEqual([saved.length, draft.wakeAt], [1, Infinity]);
  draft.poll(10_000);
  assert.equal(saved.length, 1);
});

test('what is saved at once is not saved again', () => {
  const { draft, saved } = drafted();
  draft.saveSoon(100);
  draft.save();
  draft.poll(10_000);
  assert.equal(saved.length, 1);
});

test('a draft is the session, its text and, during a pause only, what was published before', () => {
  const { draft, writer, session, saved } = drafted();
  Object.assign(session, { room: 'R', key: 'K' });
  writer.edit([[3, 0, ' two']]);
  draft.save();
  const record = { room: 'R', key: 'K', epoch: 7, text: 'one two', language: 'go', name: 'a.go' };
  assert.deepEqual(saved.pop(), { ...record, ended: false });
  writer.set({ paused: true });
  draft.save();
  assert.deepEqual(saved.pop().known, { text: 'one', language: 'go', name: 'a.go' });
});

test('a draft that is another page’s is saved once more and never again', () => {
  const { draft, saved } = drafted();
  draft.saveSoon(100);
  draft.close();
  assert.equal(saved.length, 1);
  draft.saveSoon(200);
  draft.poll(10_000);
  draft.save();
  assert.equal(saved.length, 1);
});

test('whether the browser keeps the draft is what its last saving has shown', () => {
  const scene = drafted();
  assert.equal(scene.draft.kept, true);
  for (const keeps of [false, true]) {
    scene.keeps = keeps;
    scene.draft.save();
    assert.equal(scene.draft.kept, keeps);
  }
});

test('a text that the browser does not keep is at risk, sent or not, until the session has ended', () => {
  const scene = drafted();
  const { draft, writer } = scene;
  draft.save();
  assert.equal(draft.atRisk, false, 'kept');
  scene.keeps = false;
  draft.save();
  assert.equal(draft.atRisk, true, 'not sent');
  settle(writer, 0);
  assert.equal(draft.atRisk, true, 'sent, and nobody could go on with it');
  writer.edit([[0, 3, '']]);
  assert.equal(draft.atRisk, false, 'nothing there');
  writer.edit([[0, 0, 'y']]);
  writer.set({ ended: true });
  assert.equal(draft.atRisk, true, 'nobody knows yet that it has ended');
  writer.endTold = true;
  assert.equal(draft.atRisk, false, 'ended');
  writer.endTold = false;
  draft.close();
  assert.equal(draft.atRisk, false, 'left on purpose');
});

test('a draft that another page has removed is saved again, and costs no other one its place', () => {
  const { draft, saved } = drafted();
  const options = [];
  draft.store = (record, given) => {
    options.push(given);
    saved.push(record);
    return true;
  };
  draft.removed(({ room }) => room === 'another');
  assert.equal(saved.length, 0);
  draft.removed(({ room }) => room === '');
  assert.deepEqual(options, [{ makeRoom: false }]);
  draft.drop();
  draft.removed(() => true);
  draft.save();
  assert.equal(saved.length, 1, 'a draft that was dropped on purpose stays away');
});

test('what is written during a pause is at risk where the browser keeps nothing', () => {
  const scene = drafted();
  settle(scene.writer, 0);
  scene.keeps = false;
  scene.writer.set({ paused: true });
  scene.writer.edit([[0, 0, 'x']]);
  scene.draft.save();
  assert.equal(scene.draft.atRisk, true);
});

test('a draft says that its colours are tried until the page has survived them', () => {
  const { draft, saved } = drafted();
  draft.trying(100);
  assert.equal(saved.at(-1).trying, true);
  assert.equal(draft.wakeAt, 100 + SURVIVED_MS);
  draft.saveSoon(200);
  draft.poll(200 + SAVE_MS);
  assert.equal(saved.at(-1).trying, true);
  draft.poll(100 + SURVIVED_MS);
  assert.ok(!('trying' in saved.at(-1)));
  assert.equal(draft.wakeAt, Infinity);
  const before = saved.length;
  draft.survived();
  assert.equal(saved.length, before);
});

test('a page that is closed, or gives its draft away, has survived its colours', () => {
  for (const leave of ['survived', 'close']) {
    const { draft, saved } = drafted();
    draft.trying(100);
    draft[leave]();
    assert.ok(!('trying' in saved.at(-1)), leave);
  }
});
