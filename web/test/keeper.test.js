import test from 'node:test';
import assert from 'node:assert/strict';
import { EVERY_MS, Keeper, SOON_MS } from '../src/keeper.js';
import { Writer } from '../src/writer.js';

/** A writer that is in the room, and whatever it has to say is said. */
function open({ dropped, text = '' } = {}) {
  const writer = new Writer({ epoch: 7, text, language: 'c', name: '' });
  const keeper = new Keeper({ days: 7, dropped });
  const page = {
    writer,
    keeper,
    now: 100_000,
    /** What is asked for once the writer has said what it has to say. */
    step(ms = 300) {
      page.now += ms;
      for (const { id } of writer.poll(page.now))
        if (id !== undefined) writer.answered(id, { success: true }, page.now);
      return keeper.poll(writer, page.now);
    },
    /** So many ms, in steps: all that is asked for, answered like this. */
    pass(ms, outcome = { status: 200 }) {
      const wishes = [];
      for (const end = page.now + ms; page.now < end; ) {
        const wish = page.step(100);
        if (!wish) continue;
        wishes.push(wish);
        keeper.done(wish, outcome, page.now);
      }
      return wishes;
    },
    type(words) {
      writer.edit([[writer.text.length, 0, words]]);
    },
  };
  writer.joined('socket-of-writer', page.now);
  for (const { id } of writer.poll(page.now)) writer.answered(id, { success: true }, page.now);
  return page;
}

test('a new text is handed in at once, and then at most each five seconds', () => {
  const page = open();
  assert.deepEqual(page.pass(20_000), [], 'an empty text is nothing to keep');
  page.type('a');
  const [{ text }] = page.pass(300);
  assert.deepEqual(text, { epoch: 7, version: 1, name: '', language: 'c', content: 'a' });
  let count = 0;
  for (let i = 0; i < 100; i++) {
    page.type('b');
    count += page.pass(200).length;
  }
  assert.equal(count, Math.floor(20_000 / EVERY_MS));
  assert.deepEqual(page.pass(EVERY_MS).map(({ text: { content } }) => content.length), [101]);
  assert.deepEqual(page.pass(60_000), [], 'nothing has changed');
});

test('when somebody comes, what has changed is handed in within two seconds', () => {
  const page = open();
  page.type('a');
  page.pass(300);
  page.keeper.came();
  assert.deepEqual(page.pass(10_000), [], 'they can read what is there');
  page.type('b');
  page.pass(300);
  let count = 0;
  for (let i = 0; i < 50; i++) {
    page.keeper.came();
    page.type('c');
    count += page.pass(200).length;
  }
  assert.equal(count, 10_000 / SOON_MS);
});

test('the end, and a page that is about to be hidden, wait for nothing', () => {
  const page = open();
  page.type('a');
  page.pass(300);
  page.type('b');
  assert.equal(page.step()?.kind, undefined);
  page.keeper.hurry();
  const wish = page.keeper.poll(page.writer, page.now);
  assert.equal(wish.text.content, 'ab');
  page.keeper.done(wish, { status: 200 }, page.now);
  page.type('c');
  page.writer.set({ ended: true });
  const end = page.pass(1_500).map(({ text: { content, ended } }) => [content, ended]);
  assert.deepEqual(end[end.length - 1], ['abc', true], 'whoever reads it later is told');
  assert.ok(end.length <= 2);
});

test('a page that goes hands in its newest text, whatever becomes of the write before', () => {
  const page = open();
  page.type('a');
  const slow = page.step();
  page.type('b');
  assert.equal(page.step(EVERY_MS), undefined, 'one write at a time');
  page.keeper.hurry();
  const last = page.step();
  assert.deepEqual([slow, last].map(({ text: { content } }) => content), ['a', 'ab']);
  page.keeper.hurry();
  assert.equal(page.step(), undefined, 'what is on its way is not sent twice');
  page.keeper.done(last, { status: 200 }, page.now);
  page.keeper.done(slow, { status: 412, epoch: 7, version: 2 }, page.now);
  assert.deepEqual(page.pass(20_000), [], 'the newest is kept');
  assert.match(page.keeper.words(page.now), /^Kept, /);
});

test('what is typed during a pause is not kept, even when the page is hidden', () => {
  const page = open();
  page.type('public');
  page.pass(300);
  page.writer.set({ paused: true });
  page.type(' secret');
  page.writer.set({ name: 'secret.txt' });
  page.keeper.hurry();
  assert.deepEqual(page.pass(20_000), []);
  page.writer.set({ paused: false });
  assert.deepEqual(page.pass(2_000).map(({ text: { content } }) => content), ['public secret']);
});

test('nothing is kept before the room has been told anything', () => {
  const writer = new Writer({ epoch: 7, text: 'draft', language: 'c', name: '' });
  assert.equal(new Keeper({ days: 1 }).poll(writer, 1_000), undefined);
  const page = open({ text: 'draft' });
  assert.deepEqual(page.pass(2_000).map(({ text: { version } }) => version), [0]);
});

test('a change of language alone is handed in as well', () => {
  const page = open();
  page.type('a');
  page.pass(300);
  page.writer.set({ language: 'python' });
  const [{ text }] = page.pass(EVERY_MS + 200);
  assert.deepEqual([text.language, text.version], ['python', 1]);
});

test('a write that hung, was tried again and had got there makes nobody give up the pen', () => {
  const page = open();
  page.type('a');
  page.pass(300, { status: 0 });
  assert.match(page.keeper.words(page.now), /cannot be reached/);
  const wishes = page.pass(20_000, { status: 412, epoch: 7, version: 1 });
  assert.equal(wishes.length, 1);
  assert.equal(page.keeper.rivalEpoch, 0);
  assert.match(page.keeper.words(page.now), /^Kept, \d+ s ago$/);
});

test('only a text of a greater epoch is another writer\'s', () => {
  const page = open();
  page.type('a');
  page.pass(300, { status: 412, epoch: 8, version: 0 });
  assert.equal(page.keeper.rivalEpoch, 8);
  page.type('b');
  assert.deepEqual(page.pass(20_000), []);
});

test('a text of another writer is no reason to keep nothing under an epoch that is greater still', () => {
  const page = open();
  page.type('a');
  const put = page.step();
  page.writer.renew();
  page.writer.admitted({ epoch: 9 });
  page.keeper.done(put, { status: 412, epoch: 8, version: 3 }, page.now);
  const [{ text }] = page.pass(EVERY_MS + 200);
  assert.deepEqual([text.epoch, text.content], [9, 'a']);
  assert.match(page.keeper.words(page.now), /^Kept, /);
});

test('who has been outrun while deleting deletes nothing of the other one\'s, and still wants nothing kept', () => {
  const page = open({ dropped: true });
  assert.equal(page.pass(60_000, { status: 412, epoch: 8, version: 3 }).length, 1);
  assert.deepEqual([page.keeper.dropped, page.keeper.rivalEpoch], [true, 8]);
  page.writer.renew();
  page.writer.admitted({ epoch: 9 });
  assert.deepEqual(page.pass(300), [{ kind: 'delete', epoch: 9 }]);
});

test('a 412 that names no text is none of the function app\'s: nothing was kept', () => {
  const page = open();
  page.type('a');
  page.pass(300, { status: 412 });
  assert.match(page.keeper.words(page.now), /^Not kept: the function app says 412\. /);
  assert.equal(page.keeper.rivalEpoch, 0);
});

test('while storage is in trouble the page says so, and asks less and less often', () => {
  const page = open();
  page.type('a');
  const said = { status: 502, code: 'StorageRefused', message: 'refused: 403 No' };
  const tries = page.pass(300_000, said).length;
  assert.ok(tries >= 7 && tries <= 9, String(tries));
  assert.match(page.keeper.words(page.now), /Not kept: refused: 403 No\. The page tries again\./);
  page.pass(60_000);
  assert.match(page.keeper.words(page.now), /^Kept, /);
});

test('where no texts are kept after all, the page says nothing and asks no more', () => {
  const page = open();
  page.type('a');
  page.pass(300, { status: 404, code: 'NotFound' });
  page.type('b');
  assert.deepEqual(page.pass(60_000), []);
  assert.equal(page.keeper.words(page.now), '');
});

test('a host that knows no path for a while is trouble that passes', () => {
  const page = open();
  page.type('a');
  page.pass(300, { status: 404 });
  assert.match(page.keeper.words(page.now), /^Not kept: the function app says 404\. /);
  assert.equal(page.pass(10_000).length, 1);
  page.keeper.drop();
  page.pass(300, { status: 404 });
  assert.match(page.keeper.words(page.now), /could not be deleted: the function app says 404/);
  page.pass(10_000, { status: 404, code: 'NotFound' });
  assert.equal(page.keeper.words(page.now), 'This text is not kept.');
  assert.ok(page.keeper.dropped, 'after a reload neither');
});

test('a page that is gone keeps what was kept before: nothing typed in a pause is sent', () => {
  const page = open();
  page.type('public');
  const kept = page.pass(300).at(-1).text;
  page.writer.set({ paused: true });
  page.type(' secret');
  page.pass(10_000);
  page.keeper.hurry();
  assert.equal(page.keeper.poll(page.writer, page.now), undefined);
  assert.equal(kept.content, 'public');
});

test('a text that is not to be kept is deleted, until that has worked, and none follows', () => {
  const page = open();
  page.type('a');
  page.pass(300);
  page.keeper.drop();
  page.type('b');
  const [wish] = page.pass(200, { status: 503, code: 'x', message: 'busy' });
  assert.deepEqual(wish, { kind: 'delete', epoch: 7 });
  assert.match(page.keeper.words(page.now), /could not be deleted: busy/);
  assert.equal(page.pass(10_000).length, 1);
  page.type('c');
  assert.deepEqual(page.pass(60_000), []);
  assert.equal(page.keeper.words(page.now), 'This text is not kept.');
  const again = open({ dropped: true });
  again.type('a');
  assert.deepEqual(again.pass(60_000), [wish], 'the page before may not have got so far');
});

test('what was under way when the text was dropped changes nothing', () => {
  const page = open();
  page.type('a');
  const put = page.step();
  page.keeper.drop();
  const wish = page.step();
  assert.equal(wish.kind, 'delete');
  page.keeper.done(wish, { status: 200 }, page.now);
  page.keeper.done(put, { status: 412, epoch: 7, version: Number.MAX_SAFE_INTEGER }, page.now);
  assert.equal(page.keeper.words(page.now), 'This text is not kept.');
});
