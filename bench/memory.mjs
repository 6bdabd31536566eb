// What an event costs in memory while it waits for the service: of the handler in CODESTREAM_BIN, on
// fresh connections, and on such as have served before. --goal KB: fails beyond that on fresh ones.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { eventually } from '../tests/lib/deadline.js';
import { sendToRoom } from '../tests/lib/events.js';
import { BINARY, startHandler } from '../tests/lib/handler.js';
import { Connection } from '../tests/lib/http.js';
import { newParty } from '../tests/lib/recorded.js';
import { startRestRecorder } from '../tests/lib/rest-recorder.js';
import { rssBytesOf } from './usage.mjs';

/** As many as two loops have with the service at a time, or fewer. */
const EVENTS = 1000;
const WAITING_MS = 60_000;
const { goal = 'Infinity' } = parseArgs({ options: { goal: { type: 'string' } } }).values;

/** @param {boolean} isUsed whether the connections have served before @returns {Promise<number>} KB */
async function measure(isUsed) {
  const recorder = await startRestRecorder();
  const handler = await startHandler({
    service: recorder.connectionString,
    env: { CODESTREAM_LOOPS: '2', CODESTREAM_REST_TIMEOUT_MS: String(WAITING_MS) },
  });
  handler.stdout.push = () => {}; // its lines are of no interest
  try {
    const { writer } = newParty();
    const open = () => Connection.open(handler.port);
    const warm = await open();
    await warm.request(sendToRoom(writer, '{"n":0}', { ack: 0 })); // what is paid for once
    warm.close();
    recorder.forget();
    const idle = rssBytesOf(handler.pid);
    const connections = await Promise.all(Array.from({ length: EVENTS }, open));
    if (isUsed) await Promise.all(connections.map((one) => one.request({ path: '/negotiate' })));
    let release;
    const until = new Promise((resolve) => {
      release = resolve;
    });
    recorder.answerWith(() => ({ status: 202, until }));
    const answers = connections.map(
      (one, i) => one.request(sendToRoom(writer, '{"n":1}', { ack: i }), WAITING_MS));
    await eventually(WAITING_MS, () => recorder.requests.length >= EVENTS, 'events that wait');
    const busy = rssBytesOf(handler.pid);
    release();
    await Promise.all(answers);
    for (const one of connections) one.close();
    return (busy - idle) / 1024 / EVENTS;
  } finally {
    await handler.stop();
    await recorder.close();
  }
}

const [fresh, used] = [await measure(false), await measure(true)];
console.log(`${BINARY}: ${fresh.toFixed(1)} KB for each of ${EVENTS} events that wait, `
  + `${used.toFixed(1)} KB on connections that have served before`);
if (fresh > Number(goal)) {
  console.error(`more than ${goal} KB`);
  process.exitCode = 1;
}
