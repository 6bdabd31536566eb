// Inputs for the decoder of frames: good ones, and the same with bytes changed, cut off or put in. The
// same seed makes the same inputs.

import { TYPES, encodeFrame } from '../webpubsub/tunnel/wire.js';

const MAX_CHANGES = 4;

/** Whole frames of every kind that a server sends, and of some that it does not. */
function frames() {
  const call = { AckId: 1, HttpMethod: 'POST', Url: 'https://host/api/hubs/h/:send', Headers: { 'Content-Type': ['text/plain'] } };
  const answer = { AckId: 7, StatusCode: 200, Headers: {}, LocalRouting: false, ChannelName: '', NotCompleted: true };
  return [
    encodeFrame(TYPES.request, call, '42["x"]'),
    encodeFrame(TYPES.request, call),
    encodeFrame(TYPES.request, { ...call, Url: 'x'.repeat(300) }, 'y'.repeat(300)),
    encodeFrame(TYPES.response, answer, 'é 漢'),
    encodeFrame(TYPES.response, answer),
    encodeFrame(TYPES.status, { Message: '' }),
  ];
}

/** @returns {Generator<Buffer>} so many inputs */
export function* mutated(count, seed) {
  const whole = frames();
  const random = numbers(seed);
  for (let i = 0; i < count; i++) {
    let bytes = Buffer.from(whole[random(whole.length)]);
    for (let changes = random(MAX_CHANGES); changes > 0; changes--) bytes = change(bytes, random);
    if (random(2) === 0 && bytes.length >= 4) bytes.writeUInt32LE(bytes.length - 4); // so that it is read on
    yield bytes;
  }
}

function change(bytes, random) {
  const at = random(bytes.length + 1);
  const ways = [
    () => Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256)]), bytes.subarray(at + 1)]),
    () => bytes.subarray(0, at),
    () => Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256), random(256)]), bytes.subarray(at)]),
    () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(9))]),
  ];
  return Buffer.from(ways[random(ways.length)]());
}

/** Numbers below a bound, the same for the same seed (xorshift). */
function numbers(seed) {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
