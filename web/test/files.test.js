import test from 'node:test';
import assert from 'node:assert/strict';
import { embedCode } from '../src/files.js';

test('the code to embed keeps what the link says of the transport', () => {
  const sourceOf = (link) => {
    const [, source] = /src="([^"]*)"/.exec(embedCode(link));
    return new URL(source.replaceAll('&amp;', '&'));
  };
  const url = sourceOf('https://page/?transport=native#room');
  assert.equal(url.searchParams.get('transport'), 'native');
  assert.ok(url.searchParams.has('embed'));
  assert.equal(url.hash, '#room');
  assert.equal(sourceOf('https://page/#room').searchParams.get('transport'), null);
});
