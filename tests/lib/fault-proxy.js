// A TCP proxy with a bad day: what passes through it can be delayed, throttled, cut, swallowed or
// held, each way by itself, and who calls can be turned away; switched while connections live.
import net from 'node:net';
import { once } from 'node:events';
import { pause } from './deadline.js';

/**
 * What befalls the bytes of one direction. `after` so many bytes of a connection, counted from the
 * moment at which the fault is switched on, comes the `end`:
 *   reset  both sides get a reset
 *   close  this direction is closed, the other goes on: half a connection
 *   hole   the bytes are swallowed; such a connection stays dead when the fault is over
 *   hold   the bytes wait until the fault is over, as behind a network that loses packets
 * @typedef {{ delayMs?: number, bytesPerSecond?: number, after?: number,
 *   end?: 'reset' | 'close' | 'hole' | 'hold' }} Toll
 * @typedef {{ up?: Toll, down?: Toll, accept?: 'refuse' | 'reset' }} Fault
 *   up: from the caller to the target; accept: what a new caller meets
 * @typedef {{ name: string, begins?: RegExp, to?: number }} Lane
 *   callers whose first bytes begin so, and the port that they are sent to
 */

const FIRST_BYTES = 256; // of a connection, by which its lane is known
const SLICES_PER_SECOND = 20; // of a throttled direction
const WHOLE = { delayMs: 0, bytesPerSecond: Infinity, after: 0, end: undefined };

/**
 * Starts a proxy on a free port; `to` and `fault` may be set at any time.
 * @param {Lane[]} [lanes] of which the first that fits takes a connection; by default there is one
 */
export async function startFaultProxy(lanes = [{ name: 'all' }]) {
  const proxy = new FaultProxy(lanes);
  await proxy.listen();
  return proxy;
}

class FaultProxy {
  #server;
  #port = 0;
  #lanes;
  #connections = new Set();

  constructor(lanes) {
    const well = () => ({ fault: {}, hits: 0, changed: [] });
    this.#lanes = new Map(lanes.map((lane) => [lane.name, { ...lane, ...well() }]));
  }

  get port() {
    return this.#port;
  }

  /** Again on the same port, after the first time. */
  async listen() {
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true });
    this.#server.on('connection', (caller) => this.#take(caller));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = this.#server.address().port;
  }

  /** Sends the callers of a lane to this port of 127.0.0.1. */
  to(port, name = 'all') {
    this.#lane(name).to = port;
  }

  /**
   * Switches a fault on in place of the one before; none: all is well. New callers are refused on
   * all lanes together, because they have one listener.
   * @param {Fault} fault
   */
  async fault(fault = {}, name = 'all') {
    const lane = this.#lane(name);
    lane.fault = fault;
    for (const connection of this.#of(lane)) connection.faultChanged();
    for (const wake of lane.changed.splice(0)) wake();
    const refuse = [...this.#lanes.values()].some((each) => each.fault.accept === 'refuse');
    if (refuse && this.#server.listening) await this.#stopListening();
    else if (!refuse && !this.#server.listening) await this.listen();
  }

  /** How often bytes of a lane, or a caller, met a fault; who is refused is not noticed. */
  hits(name = 'all') {
    return this.#lane(name).hits;
  }

  /** Resets the connections of a lane. @returns {number} how many there were */
  cut(name = 'all') {
    const connections = this.#of(this.#lane(name));
    for (const connection of connections) connection.reset();
    return connections.length;
  }

  async close() {
    for (const connection of this.#connections) connection.reset();
    if (this.#server.listening) await this.#stopListening();
  }

  #lane(name) {
    const lane = this.#lanes.get(name);
    if (!lane) throw new Error(`there is no lane '${name}'`);
    return lane;
  }

  #of(lane) {
    return [...this.#connections].filter((connection) => connection.lane === lane);
  }

  /** Its connections live on: that is what a process does that has only stopped to accept. */
  async #stopListening() {
    const server = this.#server;
    await new Promise((resolve) => {
      server.close();
      setImmediate(resolve);
    });
  }

  #take(caller) {
    caller.on('error', () => {});
    const begin = (first) => {
      const head = first.subarray(0, FIRST_BYTES).toString('latin1');
      const lane = [...this.#lanes.values()].find(({ begins }) => !begins || begins.test(head));
      if (!lane?.to || lane.fault.accept === 'reset') {
        if (lane) lane.hits += 1;
        caller.resetAndDestroy();
        return;
      }
      caller.pause();
      caller.unshift(first);
      const connection = new Connection(caller, lane);
      this.#connections.add(connection);
      connection.done.then(() => this.#connections.delete(connection));
    };
    caller.once('data', begin);
  }
}

/** A caller, the target, and the two directions between them. */
class Connection {
  constructor(caller, lane) {
    this.lane = lane;
    this.caller = caller;
    this.target = net.connect({
      port: lane.to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true,
    });
    this.ways = [
      new Way(this, 'up', caller, this.target),
      new Way(this, 'down', this.target, caller),
    ];
    this.done = Promise.all([closed(caller), closed(this.target)]);
    for (const socket of [caller, this.target]) {
      socket.on('error', () => this.reset());
    }
    for (const way of this.ways) way.run().catch(() => this.reset());
  }

  faultChanged() {
    for (const way of this.ways) way.passed = 0;
  }

  reset() {
    for (const socket of [this.caller, this.target]) {
      if (!socket.destroyed) socket.resetAndDestroy();
    }
  }
}

/** Resolves however a socket ends. */
const closed = (socket) => new Promise((resolve) => {
  socket.on('close', resolve);
});

/** One direction of a connection. */
class Way {
  /** Bytes that have passed since the fault was switched on. */
  passed = 0;
  #connection;
  #direction;
  #from;
  #to;
  #dead = false;

  constructor(connection, direction, from, to) {
    this.#connection = connection;
    this.#direction = direction;
    this.#from = from;
    this.#to = to;
  }

  get #toll() {
    return { ...WHOLE, ...this.#connection.lane.fault[this.#direction] };
  }

  async run() {
    // The other direction of the socket goes on when this one is at its end.
    const chunks = this.#from.iterator({ destroyOnReturn: false });
    for await (const chunk of chunks) await this.#pass(chunk);
    if (!this.#dead) this.#to.end();
  }

  async #pass(chunk) {
    let left = chunk;
    while (left.length > 0 && !this.#dead) {
      const toll = this.#toll;
      if (toll.delayMs > 0) await pause(toll.delayMs);
      const room = toll.end ? toll.after - this.passed : Infinity;
      const slice = Math.max(1, Math.floor(toll.bytesPerSecond / SLICES_PER_SECOND));
      if (toll.delayMs > 0 || room <= 0 || slice < Infinity) this.#connection.lane.hits += 1;
      if (room <= 0) {
        await this.#finish(toll.end);
      } else {
        const piece = left.subarray(0, Math.min(room, slice));
        left = left.subarray(piece.length);
        await this.#write(piece);
        if (slice < Infinity) await pause((1000 * piece.length) / toll.bytesPerSecond);
      }
    }
  }

  async #write(piece) {
    this.passed += piece.length;
    await new Promise((resolve) => {
      this.#to.write(piece, resolve); // or it is closed meanwhile
    });
  }

  async #finish(end) {
    if (end === 'hold') {
      await new Promise((resolve) => {
        this.#connection.lane.changed.push(resolve);
      });
      return;
    }
    this.#dead = true;
    if (end === 'reset') this.#connection.reset();
    else if (end === 'close') this.#to.end();
  }
}
