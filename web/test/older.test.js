// Pages of different ages in one room: whoever cannot read the short form is never sent it, and no
// text differs in the end. A cached page is the one from before there was that form; an article's
// page applies whatever comes, and asks once.

import test from 'node:test';
import assert from 'node:assert/strict';
import { Viewer } from '../src/viewer.js';
import { Writer } from '../src/writer.js';
import { ROLL_CALL_MS } from '../src/protocol.js';
import { Stream, World, typeOf } from './simulation.js';

/** A page that was loaded before: it passes over what is no object, and says nothing of forms. */
class CachedViewer extends Viewer {
  heard(raw, from, now) {
    return Array.isArray(raw) ? [] : super.heard(raw, from, now);
  }

  poll(now) {
    return super.poll(now).map((send) => {
      const { data, epoch, version } = send.data;
      return { ...send, data: { data, epoch, version } };
    });
  }
}

/** A page after the articles, in place of a viewer. */
class ArticleViewer {
  text = '';
  version = 0;
  wakeAt = Infinity;
  connected = true;
  flights = { dead: () => false };
  #asks = true;

  joined() {}
  left() {}
  answered() {}
  presence() {}

  poll() {
    if (!this.#asks) return [];
    this.#asks = false;
    return [{ id: 1, data: { data: 'sync' } }];
  }

  heard(data) {
    if (data.type === 'full') this.text = data.content;
    if (data.type === 'delta')
      for (const { rangeOffset: at, rangeLength, text } of data.changes)
        this.text = this.text.slice(0, at) + text + this.text.slice(at + rangeLength);
    return [];
  }
}

/** A writer from before there were forms: arrays are not in its power. */
function cachedWriter(options) {
  const writer = new Writer(options);
  Object.defineProperty(writer.audience, 'readsArrays', { value: false });
  return writer;
}

const SESSION = { epoch: 1_732_934_400_123, text: 'start', language: 'plaintext', name: '' };

/** Notes the form of every delta. */
function watch(stream) {
  const forms = [];
  const { writer } = stream;
  const poll = writer.poll.bind(writer);
  writer.poll = (now) => {
    const sends = poll(now);
    for (const { data } of sends)
      if (typeOf(data) === 'delta') forms.push(Array.isArray(data) ? 'array' : 'named');
    return sends;
  };
  return forms;
}

function room(writer, viewers, options = {}) {
  const world = new World({ seed: 7, delay: 40, ...options });
  const stream = new Stream(world, writer);
  stream.joinWriter();
  for (const viewer of viewers) stream.addViewer(viewer);
  stream.run(ROLL_CALL_MS + 1_000);
  return { world, stream, forms: watch(stream) };
}

/** Types, deletes and moves for some seconds; returns the forms that the deltas had. */
function write({ world, stream, forms }, edits = 60) {
  forms.length = 0;
  for (let i = 0; i < edits; i++) {
    const { text } = stream.writer;
    const at = Math.floor(world.random() * (text.length + 1));
    const deleted = world.random() < 0.3 ? Math.min(2, text.length - at) : 0;
    stream.writer.edit([[at, deleted, `${'ab\n😀é'[i % 3]}${i}`]]);
    stream.writer.setView({ selections: [[at, at + 1]], top: 1, bottom: 9 });
    stream.pollWriter();
    stream.run(60 + world.random() * 200);
  }
  stream.run(3_000);
  return [...new Set(forms)];
}

const random = () => 0.5;
const newer = () => new Viewer({ random });
const cached = () => new CachedViewer({ random });

test('where every viewer reads arrays they are sent, and nowhere else', () => {
  const mixes = [
    [[newer(), newer()], ['array']],
    [[newer(), cached()], ['named']],
    [[cached()], ['named']],
    [[newer(), new ArticleViewer()], ['named']],
    [[newer(), cached(), new ArticleViewer()], ['named']],
  ];
  for (const [viewers, forms] of mixes) {
    const scene = room(new Writer(SESSION), viewers);
    assert.deepEqual(write(scene), forms);
    for (const viewer of viewers) assert.equal(viewer.text, scene.stream.writer.text);
  }
});

test('an older page that joins changes the form, and its leaving changes it back', () => {
  const scene = room(new Writer(SESSION), [newer()]);
  assert.deepEqual(write(scene), ['array']);
  for (const late of [cached(), new ArticleViewer()]) {
    const seat = scene.stream.addViewer(late);
    // Somebody types while it joins.
    const forms = write(scene);
    assert.ok(forms.includes('named'));
    assert.equal(late.text, scene.stream.writer.text);
    assert.deepEqual(write(scene), ['named']);
    scene.stream.viewers.delete(seat.sid);
    scene.stream.writer.presence({ role: 'viewer', state: 'left', from: seat.sid });
    assert.deepEqual(write(scene), ['array']);
  }
});

test('a newer page watches an older writer', () => {
  const viewers = [newer(), cached()];
  const scene = room(cachedWriter(SESSION), viewers);
  assert.deepEqual(write(scene), ['named']);
  for (const viewer of viewers) assert.equal(viewer.text, scene.stream.writer.text);
});

test('a newer page watches a writer after the articles', () => {
  const viewer = newer();
  viewer.joined('v', 0);
  viewer.heard({ type: 'full', content: 'abc', version: 0 }, undefined, 10);
  const change = (rangeOffset, text) => ({ rangeOffset, rangeLength: 0, text });
  viewer.heard({ type: 'delta', changes: [change(3, 'd')], version: 0 }, undefined, 20);
  viewer.heard({ type: 'delta', changes: [{ changes: [change(0, 'x')] }], version: 1 }, undefined, 30);
  assert.deepEqual([viewer.text, viewer.needsText], ['xabcd', false]);
});

test('in the short form, too, viewers end with the writer’s text whatever the link does', () => {
  const links = [{ delay: 600 }, { loss: 0.1 }, { doubled: 0.3 }, { delay: 300, loss: 0.05, corrupt: 0.02 }];
  for (const [i, options] of links.entries()) {
    const viewers = [newer(), newer()];
    const scene = room(new Writer(SESSION), viewers, { seed: 100 + i, ...options });
    const forms = write(scene, 600);
    assert.ok(forms.includes('array'));
    Object.assign(scene.world, { loss: 0, corrupt: 0 });
    scene.stream.run(60_000);
    for (const { text, behind } of viewers)
      assert.deepEqual([text, behind], [scene.stream.writer.text, false]);
  }
});

test('who was told a number of viewers alone learns, too, that it is the old one again', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const scene = room(new Writer(SESSION), [newer(), newer()], { seed });
    const { stream, world } = scene;
    const [stays, reloads] = stream.viewers.values();
    stream.run(4_000 + world.random() * 5_000);
    // A page is loaded anew; that its old socket has left is known later.
    const again = stream.addViewer(newer());
    stream.run(300);
    stream.viewers.delete(reloads.sid);
    stream.writer.presence({ role: 'viewer', state: 'left', from: reloads.sid });
    stream.run(12_000);
    for (const { viewer } of [stays, again]) assert.equal(viewer.session.viewers, 2, `seed ${seed}`);
  }
});
