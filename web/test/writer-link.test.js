import test from 'node:test';
import assert from 'node:assert/strict';
import { Viewer } from '../src/viewer.js';
import { hash } from '../src/ops.js';
import { Link } from '../src/link.js';
import { Writer } from '../src/writer.js';
import { readWriterLink, takePen, writerLink } from '../src/writer-link.js';

const ROOM = 'R_-' + 'o'.repeat(19);
const KEY = 'k-_' + 'K'.repeat(40);
const PEN = { room: ROOM, key: KEY, epoch: 1_795_857_942_123 };
const VIEWERS = `https://page.example/?transport=native#${ROOM}`;

const hashOf = (link) => new URL(link).hash;

test("a writer's link gives room, key and epoch back, whatever a message has put behind it", () => {
  for (const epoch of [0, 7, PEN.epoch, Number.MAX_SAFE_INTEGER]) {
    const pen = { ...PEN, epoch };
    const link = writerLink(VIEWERS, pen);
    assert.equal(new URL(link).search, '?transport=native');
    for (const behind of ['', '.', ')', ', and', '/', '?utm=1', '%20'])
      assert.deepEqual(readWriterLink(hashOf(link + behind)), pen, behind);
  }
});

test('an epoch that is missing, or that no number can be, costs the link no key', () => {
  const link = hashOf(writerLink(VIEWERS, PEN));
  const without = link.slice(0, link.lastIndexOf('/'));
  for (const end of ['', '/', '/x', '/9007199254740993'])
    assert.deepEqual(readWriterLink(without + end), { ...PEN, epoch: 0 }, end);
});

test("what is no writer's link is not taken for one", () => {
  const link = hashOf(writerLink(VIEWERS, PEN));
  for (const other of [
    '', '#', `#${ROOM}`, `#${ROOM}:L10`, `#${ROOM}/write`, `#${ROOM}/write/`, `#${ROOM}/write//7`,
    `#${ROOM}/replay/7`, `#${ROOM.slice(1)}/write/${KEY}/7`, `#x${ROOM}/write/${KEY}/7`,
    `#${ROOM}/write/${'k'.repeat(129)}/7`, link.slice(1), `x${link}`, link.replace('write', 'Write'),
  ])
    assert.equal(readWriterLink(other), undefined, other);
});

/** A viewer that has this text of the writer's. */
function watched(epoch, content) {
  const viewer = new Viewer({ random: () => 0 });
  viewer.joined('v', 0);
  const session = { language: 'go', name: 'a.go', sid: 'w' };
  const full = { type: 'full', seq: 1, version: 3, content, n: content.length, hash: hash(content) };
  viewer.heard({ ...full, epoch, ...session }, 'w', 10);
  return viewer;
}

test('whoever takes the pen goes on with what was watched, and names the greatest epoch to negotiate', async (t) => {
  const bodies = [];
  t.mock.method(globalThis, 'fetch', async (_, { body }) => {
    bodies.push(JSON.parse(body));
    return Response.json({}, { status: 403 });
  });
  for (const [viewer, text, language, greatest] of [
    [watched(5, 'package main'), 'package main', 'go', 7],
    [watched(9, 'package main'), 'package main', 'go', 9],
    [new Viewer(), '', 'plaintext', 7], // nobody writes
  ]) {
    const draft = takePen({ ...PEN, epoch: 7 }, viewer);
    assert.deepEqual([draft.text, draft.language, draft.beside], [text, language, true]);
    const writer = new Writer({ ...draft, epoch: 0, greatest: draft.epoch });
    await new Promise((left) => {
      new Link({
        api: 'http://app',
        room: draft.room,
        key: draft.key,
        epoch: () => writer.epoch,
        greatest: () => writer.greatest,
        listener: { left },
      }).start();
    });
    assert.deepEqual(bodies.pop(), { room_id: ROOM, writer_key: KEY, epoch: greatest });
  }
});
