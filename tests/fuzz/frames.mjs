// The decoder of servers' frames against FRAMES (a million) inputs: it reads them or says what is wrong, and
// does nothing else. `make fuzz` runs it; the seed is told, and SEED=N runs the same again.
import process from 'node:process';

import { mutated } from '../../emulator/test/frames.js';
import { FrameError, readCall } from '../../emulator/webpubsub/tunnel/wire.js';

const count = Number(process.env.FRAMES || 1_000_000);
const seed = Number(process.env.SEED || Date.now() % 2 ** 31);
const started = performance.now();
let read = 0;
for (const bytes of mutated(count, seed)) {
  try {
    readCall(bytes);
    read += 1;
  } catch (error) {
    if (error instanceof FrameError) continue;
    console.error(`FAIL  frames, SEED=${seed}: ${bytes.toString('hex')}\n${error.stack}`);
    process.exit(1);
  }
}
const perSecond = Math.round(count / ((performance.now() - started) / 1000));
console.log(`frames: ${count} inputs, ${read} of them read, ${perSecond}/s, SEED=${seed}`);
