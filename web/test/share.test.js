import test from 'node:test';
import assert from 'node:assert/strict';
import { encode } from 'uqr';
import { embedCode, outline, viewersLink } from '../src/share.js';

const ROOM = 'R'.repeat(22);

test('the link names the room, and the transport where it is not the usual one', () => {
  const page = { origin: 'https://page.example', pathname: '/live/' };
  assert.equal(viewersLink(page, undefined, ROOM), `https://page.example/live/#${ROOM}`);
  assert.equal(
    viewersLink(page, 'native', ROOM),
    `https://page.example/live/?transport=native#${ROOM}`,
  );
});

test('the code to embed has the options that were chosen, and no others', () => {
  const source = (link, options) => /src="([^"]+)"/.exec(embedCode(link, options))[1];
  const link = `https://page.example/#${ROOM}`;
  assert.equal(source(link), `https://page.example/?embed#${ROOM}`);
  assert.equal(
    source(link, { theme: 'dark', size: '16', wrap: '', line: '12' }),
    `https://page.example/?embed&amp;theme=dark&amp;size=16&amp;line=12#${ROOM}`,
  );
  const native = `https://page.example/?transport=native#${ROOM}`;
  assert.equal(source(native, {}), `https://page.example/?transport=native&amp;embed#${ROOM}`);
  assert.match(embedCode(link), /^<iframe [^<>]* loading="lazy" [^<>]*><\/iframe>$/);
});

/** The squares that a path of `outline` covers. */
function drawn(path, size) {
  const rows = Array.from({ length: size }, () => Array(size).fill(false));
  for (const [, x, y, length] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    rows[y].fill(true, Number(x), Number(x) + Number(length));
  return rows;
}

test('the outline covers the dark squares of a code and no light one', () => {
  for (const text of ['a', `https://page.example/#${ROOM}`, 'x'.repeat(400)]) {
    const { data, size } = encode(text);
    assert.deepEqual(drawn(outline(data), size), data);
  }
  assert.equal(outline([[false, false]]), '');
});
