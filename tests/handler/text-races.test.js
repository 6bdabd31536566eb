// Two writers of a room at the same time: in whatever order storage carries out what the handler asks
// for, an older text never replaces a newer one. The order comes from a seed. (tests/unit/test_text.c
// tries many more of them, without processes.)
import assert from 'node:assert/strict';
import { test, before, after } from '../lib/test.js';
import { deferred } from '../lib/deadline.js';
import { startKeeper } from '../lib/kept-texts.js';

const ORDERS = Number(process.env.ORDERS ?? 40);
/** So many rooms at a time: all calls of the handler's to storage find a connection. */
const AT_ONCE = 8;
const SEED = Number(process.env.SEED ?? 24);

let app;
before(async () => {
  app = await startKeeper({ env: { CODESTREAM_REST_TIMEOUT_MS: '60000' } });
});
after(() => app?.close());

/** mulberry32 */
function randomFrom(seed) {
  let state = seed >>> 0;
  return (count) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % count;
  };
}

/** Lets one call to storage through at a time, when every writer either waits for one or is done. */
class Turns {
  constructor(writers, choose) {
    Object.assign(this, { busy: writers, choose, held: [] });
  }

  hold(call) {
    this.busy -= 1;
    const turn = deferred();
    this.held.push({ call, turn });
    this.#next();
    return turn.promise;
  }

  done() {
    this.busy -= 1;
    this.#next();
  }

  #next() {
    if (this.busy > 0 || this.held.length === 0) return;
    this.busy += 1;
    // In their order of coming they would depend on the machine.
    this.held.sort((a, b) => (a.call.text < b.call.text ? -1 : 1));
    const [{ turn }] = this.held.splice(this.choose(this.held.length), 1);
    turn.resolve();
  }
}

const place = ({ epoch, version }) => epoch * 100 + Math.min(version, 99);

async function race(room, random) {
  const turns = new Turns(2, random);
  const stored = [];
  const acknowledged = [];
  rooms.set(room.id, { turns, stored });
  await Promise.all([0, 1].map(async (writer) => {
    for (let i = 0; i < 2; i += 1) {
      const text = { epoch: 1 + random(2), version: random(4), name: String(writer) };
      const deletes = random(8) === 0;
      const answer = deletes ? await app.delete(room, text) : await app.put(room, text);
      assert.ok([200, 412].includes(answer.status), answer.text);
      if (answer.status === 200) acknowledged.push(place(answer.json()));
      else assert.ok(place(answer.json()) > place({ version: deletes ? 99 : 0, ...text }) - 100);
    }
    turns.done();
  }));
  rooms.delete(room.id);
  const last = stored.at(-1);
  assert.deepEqual(stored, [...stored].sort((a, b) => a - b), `stored: ${stored}`);
  assert.equal(Math.max(...acknowledged), last, `acknowledged: ${acknowledged}, there: ${last}`);
}

const rooms = new Map();

async function script(request) {
  const { method, url, body } = request;
  const room = rooms.get(url.pathname.split('/')[2]);
  if (!room) return undefined;
  await room.turns.hold({ text: `${method} ${body}` });
  const answer = app.container.answer(request);
  if (answer.status === 201) room.stored.push(place(JSON.parse(body)));
  return answer;
}

test(`in ${ORDERS} orders (SEED=${SEED}) no older text replaces a newer one`, async () => {
  app.container.script = script;
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < ORDERS) {
      const seed = SEED * ORDERS + next++;
      await race(await app.room(), randomFrom(seed)).catch((error) => {
        throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
      });
    }
  }));
});
