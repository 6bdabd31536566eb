// Reads a zip by its central directory, byte by byte, as the cloud does that unpacks it: only so
// can be told what an unpacking tool would forgive.
import assert from 'node:assert/strict';
import { inflateRawSync } from 'node:zlib';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

/**
 * All entries in their order. creator: the system whose rules the mode follows, 3 is Unix;
 * time: date and time as the zip's two 16-bit numbers.
 * @param {Buffer} zip
 */
export function readZip(zip) {
  const end = zip.length - 22;
  assert.equal(zip.readUInt32LE(end), END, 'no end record as the last 22 bytes');
  const count = zip.readUInt16LE(end + 10);
  const entries = [];
  let at = zip.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    assert.equal(zip.readUInt32LE(at), ENTRY, `entry ${i} is not where it should be`);
    const nameLength = zip.readUInt16LE(at + 28);
    const extraLength = zip.readUInt16LE(at + 30);
    const commentLength = zip.readUInt16LE(at + 32);
    entries.push({
      name: zip.toString('utf8', at + 46, at + 46 + nameLength),
      creator: zip[at + 5],
      mode: zip.readUInt32LE(at + 38) >>> 16,
      time: [zip.readUInt16LE(at + 14), zip.readUInt16LE(at + 12)],
      extraLength: extraLength + commentLength,
      data: dataOf(zip, at),
    });
    at += 46 + nameLength + extraLength + commentLength;
  }
  assert.equal(at, end, 'something stands between the entries and the end record');
  return entries;
}

function dataOf(zip, entry) {
  const method = zip.readUInt16LE(entry + 10);
  const packedLength = zip.readUInt32LE(entry + 20);
  const length = zip.readUInt32LE(entry + 24);
  const local = zip.readUInt32LE(entry + 42);
  assert.equal(zip.readUInt32LE(local), LOCAL);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const packed = zip.subarray(start, start + packedLength);
  assert.ok(method === STORED || method === DEFLATED, `compression method ${method}`);
  const data = method === STORED ? packed : inflateRawSync(packed);
  assert.equal(data.length, length);
  assert.equal(crc32(data), zip.readUInt32LE(entry + 16), 'the checksum is wrong');
  return data;
}

/** Written out, since Node 18 has none. */
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
