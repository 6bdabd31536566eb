import test from 'node:test';
import assert from 'node:assert/strict';
import { decodeText } from '../src/decoding.js';

const TEXT = 'Größe: 10 €\r\n李雷 😀\n';
const little = Buffer.from(TEXT, 'utf16le');
const big = Buffer.from(little).swap16();

test('UTF-8 and UTF-16 are read with and without their marks', () => {
  for (const [name, bytes] of [
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${TEXT}`)],
    ['UTF-16, as Notepad saves it', Buffer.concat([Buffer.from([0xff, 0xfe]), little])],
    ['UTF-16 the other way round', Buffer.concat([Buffer.from([0xfe, 0xff]), big])],
    ['UTF-16 without a mark', little],
    ['UTF-16 the other way round, without a mark', big],
  ])
    assert.deepEqual(decodeText(bytes), { text: TEXT, guessed: false }, name);
  assert.deepEqual(decodeText(Buffer.alloc(0)), { text: '', guessed: false });
  assert.equal(decodeText(Buffer.from('a\0b')).text, 'a\0b', 'odd, but valid');
});

test('what is neither is read as Latin-1, and said to be guessed', () => {
  const bytes = Buffer.from([0x47, 0x72, 0xf6, 0xdf, 0x65]);
  assert.deepEqual(decodeText(bytes), { text: 'Größe', guessed: true });
});

test('pictures, programs and broken UTF-16 are no texts', () => {
  const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52];
  const elf = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0xf0, 0xff];
  const half = [0xff, 0xfe, 0x3d, 0xd8, 0x41, 0];
  for (const bytes of [png, elf, half]) assert.equal(decodeText(Uint8Array.from(bytes)), undefined);
});
