import test from 'node:test';
import assert from 'node:assert/strict';
import { readHash, readSearch } from '../src/address.js';

const ROOM = 'AbCdEfGhIjKlMnOpQrSt_-';

test('a link is understood whatever a program has put behind it', () => {
  for (const tail of ['', '.', ')', '>', '/', ',', '%20', '&x=1', '?fbclid=1', '…', '”', '_', '**', '--', '_.', '_>x', ': see there', ':L', ':Lx'])
    assert.deepEqual(readHash(`#${ROOM}${tail}`), { room: ROOM, line: undefined }, tail);
});

test('a link that is too short or too long is none, and without # one writes', () => {
  for (const hash of [`#${ROOM.slice(1)}`, `#${ROOM}x`, `#${ROOM}_x`, '#.', '#tooshort'])
    assert.equal(readHash(hash), undefined, hash);
  for (const hash of ['', '#']) assert.deepEqual(readHash(hash), { room: '' });
});

test('a link may name a line', () => {
  for (const [tail, line] of [[':L10', 10], [':L1.', 1], [':L0', undefined], [':L12345678', 1234567]])
    assert.deepEqual(readHash(`#${ROOM}${tail}`), { room: ROOM, line });
});

test('an address says how the page is to look, and what it does not say well is left to the reader', () => {
  const { embed, line, looks } = readSearch('?embed&theme=dark&size=18&wrap=1&line=12');
  assert.deepEqual([embed, line, looks], [true, 12, { theme: 'dark', fontSize: 18, wrap: true }]);
  assert.deepEqual(readSearch('').looks, {});
  assert.deepEqual(readSearch('?theme=pink&size=big&line=-1').looks, {});
  for (const [size, px] of [['1', 10], ['400', 32]])
    assert.equal(readSearch(`?size=${size}`).looks.fontSize, px);
  for (const wrap of ['0', 'off']) assert.equal(readSearch(`?wrap=${wrap}`).looks.wrap, false);
});
