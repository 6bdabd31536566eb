import test from 'node:test';
import assert from 'node:assert/strict';
import { encodedSize } from '../src/ops.js';
import {
  FLUSH_MS,
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

test('a view from above the first line is dropped, and its text is still read', () => {
  const message = readFromWriter({ type: 'full', ...state, content: 'x', view: { ...view, top: 0 } });
  assert.deepEqual([message.content, message.view], ['x', undefined]);
});

test('a view with too many or wrong selections is dropped, and its delta is still read', () => {
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
    sample: 0,
    hands: 3,
    pace: 1e9,
  });
  assert.deepEqual(session, {
    language: 'plaintext',
    name: '',
    paused: false,
    ended: false,
    viewers: 0,
    sid: '',
    roll: 0,
    sample: 1,
    hands: 0,
    pace: FLUSH_MS,
  });
});

test('a file name has no path, no control characters and no tricks with the direction', () => {
  assert.equal(cleanName(' ../etc/pass\u0000wd\n '), '.etcpasswd');
  assert.equal(cleanName('cod\u202Etxt.exe'), 'codtxt.exe');
  assert.equal(cleanName('n'.repeat(500)).length, MAX_NAME);
  assert.equal(cleanName(undefined), '');
  for (const name of ['a.test.js', '.gitignore', 'Übung 1.txt', '李雷.py', 'e\u0301.c', '😀.md', 'a-b_c (1)'])
    assert.equal(cleanName(name), name, 'an honest name stays as it is');
});

test('a long file name is cut before its extension, and in no character', () => {
  for (const [name, wanted] of [
    [`${'a'.repeat(90)}.py`, `${'a'.repeat(77)}.py`],
    [`${'b'.repeat(76)}😀😀.py`, `${'b'.repeat(76)}.py`],
    [`${'b'.repeat(79)}😀`, 'b'.repeat(79)],
    [`${'c '.repeat(50)}.tar.gz`, `${'c '.repeat(38)}c.gz`],
    [`a.${'d'.repeat(90)}`, `a.${'d'.repeat(78)}`],
  ]) {
    assert.equal(cleanName(name), wanted);
    assert.equal(cleanName(wanted), wanted, 'the viewer cuts nothing more');
  }
});

const HIDDEN = {
  'a direction': ['\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e',
    '\u2066', '\u2067', '\u2068', '\u2069'],
  'no width': ['\u200b', '\u200c', '\u200d', '\u2060', '\u2061', '\u2064', '\ufeff', '\u00ad', '\u034f',
    '\u180e', '\u115f', '\u1160', '\u3164', '\uffa0', '\u17b4'],
  'a tag or a variant': ['\u{e0001}', '\u{e0041}', '\u{e007f}', '\ufe00', '\ufe0f', '\u{e0100}'],
  'half a pair': ['\ud83d', '\ude00', '\ude00\ud83d'],
  'a control': ['\u0000', '\u0007', '\u001b', '\u007f', '\u0085', '\u009f'],
  'a private meaning': ['\ue000', '\uf8ff', '\u{f0000}', '\u{10ffff}'],
  'a line': ['\u2028', '\u2029'],
  'a folder': ['/', '\\', '\u2044', '\u2215', '\u2216', '\u29f8', '\uff0f', '\uff3c', '../', '..\\'],
};
for (const [what, characters] of Object.entries(HIDDEN)) {
  test(`a file name has nothing in it that is ${what}`, () => {
    for (const hidden of characters) {
      const name = cleanName(`${hidden}inv${hidden}oice.txt${hidden}`);
      const code = [...hidden].map((c) => c.codePointAt(0).toString(16)).join(' ');
      assert.equal(name, hidden.startsWith('..') ? '.inv.oice.txt' : 'invoice.txt', code);
    }
  });
}

test('no blanks, dots or end of a file name push its kind out of sight', () => {
  for (const blank of [' ', '\t', '\u00a0', '\u2003', '\u3000', '\u2800', '\u202f'])
    assert.equal(cleanName(`a.txt${blank.repeat(60)}.bat`), 'a.txt .bat');
  assert.equal(cleanName('a\u2024txt\uff0ebat'), 'a.txt.bat');
  for (const name of ['.', '..', '...', '. .', ' . . ', '../..', '\u2024\u2024', '\u200b.\u200b.', '. ./..'])
    assert.equal(cleanName(name), '', JSON.stringify(name));
  assert.equal(cleanName('a.bat.'), 'a.bat');
  assert.equal(cleanName('a.bat. . '), 'a.bat');
  assert.equal(cleanName('a..b'), 'a.b');
});

test('a file name is cut between characters', () => {
  for (let before = MAX_NAME - 3; before <= MAX_NAME; before++) {
    const name = cleanName('n'.repeat(before) + '😀'.repeat(5));
    assert.ok(name.length <= MAX_NAME);
    assert.ok(name.isWellFormed?.() ?? !/[\ud800-\udbff]$/.test(name), JSON.stringify(name));
    assert.equal(cleanName(name), name, 'what is clean stays so');
  }
});

test('a viewer has one thing to say', () => {
  assert.deepEqual(readFromViewer({ data: 'sync', epoch: 3, version: -1 }), {
    type: 'sync',
    epoch: 3,
    version: -1,
    plain: false,
    arrays: false,
    here: false,
  });
  const said = readFromViewer({ data: 'sync', epoch: 3, version: 1, form: 1, here: true });
  assert.deepEqual([said.arrays, said.here], [true, true]);
  for (const form of [0, 2, '1', true, [1]])
    assert.equal(readFromViewer({ data: 'sync', epoch: 3, version: 1, form }).arrays, false);
  assert.equal(readFromViewer({ data: 'sync', form: 1 }).arrays, false);
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
