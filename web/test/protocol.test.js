import test from 'node:test';
import assert from 'node:assert/strict';
import { encodedSize } from '../src/ops.js';
import {
  MAX_NAME,
  MAX_OPS,
  MAX_SELECTIONS,
  MAX_TEXT,
  cleanName,
  fits,
  readFromViewer,
  readFromWriter,
} from '../src/protocol.js';

const state = {
  epoch: 1,
  seq: 2,
  version: 3,
  n: 1,
  hash: 4,
  language: 'go',
  name: 'main.go',
  paused: false,
  ended: false,
  viewers: 5,
  sid: 's',
};
const view = { selections: [[1, 2]], top: 1, bottom: 2 };

test('every message of a writer is read', () => {
  assert.equal(readFromWriter({ type: 'full', ...state, content: 'x', view }).content, 'x');
  assert.deepEqual(readFromWriter({ type: 'delta', ...state, changes: [[0, 1, 'x']] }).changes, [
    [0, 1, 'x'],
  ]);
  assert.deepEqual(readFromWriter({ type: 'view', ...state, view }).view, view);
  assert.equal(readFromWriter({ type: 'beat', ...state }).session.name, 'main.go');
});

test('messages with missing, wrong or absurd fields are no messages', () => {
  const good = {
    full: { content: 'x' },
    delta: { changes: [[0, 0, 'x']] },
    view: { view },
    beat: {},
  };
  const wrong = [undefined, null, -1, 1.5, NaN, 2 ** 60, '1', {}, [], true];
  const required = {
    full: ['version', 'seq', 'hash', 'content'],
    delta: ['version', 'changes', 'n'],
    view: ['version', 'seq', 'view'],
    beat: ['version', 'seq', 'hash', 'n'],
  };
  for (const [type, fields] of Object.entries(good)) {
    assert.ok(readFromWriter({ type, ...state, ...fields }), type);
    for (const field of required[type]) {
      for (const value of wrong) {
        if (field === 'content' && typeof value === 'string') continue;
        if (field === 'changes' && Array.isArray(value)) continue;
        assert.equal(
          readFromWriter({ type, ...state, ...fields, [field]: value }),
          undefined,
          `${type}.${field} = ${value}`,
        );
      }
    }
  }
  for (const raw of [
    undefined,
    null,
    7,
    'full',
    [],
    {},
    { type: 'full' },
    { type: 'what', ...state },
  ]) {
    assert.equal(readFromWriter(raw), undefined);
  }
});

test('edits are taken only in their form, in their number and with LF', () => {
  const read = (changes) => readFromWriter({ type: 'delta', ...state, changes });
  for (const changes of [
    [[0, 0]],
    [[0, 0, 1]],
    [[-1, 0, 'x']],
    [[0, -1, 'x']],
    [[0, 0.5, 'x']],
    [['0', 0, 'x']],
    [[0, 0, 'x', 1]],
    [[0, 0, 'a\r\nb']],
    [[0, 0, 'x'], { text: 'y' }],
    Array(MAX_OPS + 1).fill([0, 0, 'x']),
  ]) {
    assert.equal(read(changes), undefined, JSON.stringify(changes).slice(0, 60));
  }
});

test('a view with too many or wrong selections is none, and its delta is still read', () => {
  for (const selections of [[[1]], [[1, -1]], ['x'], Array(MAX_SELECTIONS + 1).fill([0, 0])]) {
    const message = readFromWriter({
      type: 'delta',
      ...state,
      changes: [],
      view: { ...view, selections },
    });
    assert.deepEqual([message.type, message.view], ['delta', undefined]);
  }
});

test('what a session says of itself is cut to size and never wrong in kind', () => {
  const { session } = readFromWriter({
    type: 'beat',
    ...state,
    language: 7,
    name: {},
    paused: 'yes',
    ended: 1,
    viewers: -3,
    sid: [],
  });
  assert.deepEqual(session, {
    language: 'plaintext',
    name: '',
    paused: false,
    ended: false,
    viewers: 0,
    sid: '',
    roll: 0,
  });
});

test('a file name has no path, no control characters and no tricks with the direction', () => {
  assert.equal(cleanName(' ../etc/pass\u0000wd\n '), '..etcpasswd');
  assert.equal(cleanName('cod\u202Etxt.exe'), 'codtxt.exe');
  assert.equal(cleanName('n'.repeat(500)).length, MAX_NAME);
  assert.equal(cleanName(undefined), '');
});

test('a viewer has one thing to say', () => {
  assert.deepEqual(readFromViewer({ data: 'sync', epoch: 3, version: -1 }), {
    type: 'sync',
    epoch: 3,
    version: -1,
    plain: false,
  });
  assert.equal(readFromViewer({ data: 'sync' }).plain, true);
  for (const raw of [null, 'sync', { data: 'SYNC' }, { type: 'sync' }, []])
    assert.equal(readFromViewer(raw), undefined);
});

test('a text fits by its length and by what it weighs in a message', () => {
  assert.equal(fits('x'.repeat(MAX_TEXT), encodedSize), true);
  assert.equal(fits('x'.repeat(MAX_TEXT + 1), encodedSize), false);
  assert.equal(fits('\u0000'.repeat(MAX_TEXT), encodedSize), false);
  assert.equal(fits('日'.repeat(MAX_TEXT), encodedSize), true);
});
