// In which directions load grows, what the handler's cost is expected to do, and why. The ranges
// are of the exponent of CPU per event: 0 is a cost that stays, 1 one in proportion.

/**
 * @typedef {object} Dimension
 * @property {string} name
 * @property {string} how what else is to be known of the load
 * @property {number[]} values
 * @property {(value: number) => object} point the load, as measureLoad takes it
 * @property {[number, number]} all expected exponent over all values
 * @property {[number, number]} last and over the last step alone
 * @property {string} why
 */

/** @type {Dimension[]} */
export const DIMENSIONS = [
  {
    name: 'events a second',
    how: 'open loop, 64 connections',
    values: [300, 1000, 3000, 6000],
    point: (rate) => ({ connections: 64, rate }),
    all: [-0.5, 0.05],
    last: [-0.8, 0.2],
    why:
      'An event that comes alone pays for its own wake-ups (21 system calls, 10 of them ' +
      'epoll_wait, where one of 16 makes 12), and finds the caches cold; the more there are, ' +
      'the more they share a turn of the loop.',
  },
  {
    name: 'connections',
    how: '1000 events a second over all of them',
    values: [1, 16, 64, 256, 1000, 4000],
    point: (connections) => ({ connections, rate: 1000 }),
    all: [-0.1, 0.15],
    last: [-0.2, 0.4],
    why:
      'A connection that is silent costs no CPU: epoll names those that are ready, and the list ' +
      'of timeouts is in order. It costs memory, mostly its pool, which libmicrohttpd wipes ' +
      'whole after a request; with thousands none of that is in the cache when an event comes.',
  },
  {
    name: 'events in flight',
    how: 'as many as that all the time, 5 ms upstream',
    values: [1, 16, 64, 256, 1000, 4000],
    point: (connections) => ({ connections, delayMs: 5 }),
    all: [-0.25, 0.15],
    last: [-0.1, 0.6],
    why:
      'Falls while events share turns of the loop. Rises beyond some hundreds: at the end of ' +
      'each transfer libcurl goes through all of its connections, before each it looks for an ' +
      'idle one, and libmicrohttpd goes through all suspended connections when one is resumed; ' +
      'each of these is short, but grows with what is in flight. Memory is that of two ' +
      'connections, a pool on this side and a handle of libcurl on the other.',
  },
  {
    name: 'bytes of text',
    how: '4 in flight',
    values: [100, 1_000, 10_000, 100_000, 900_000],
    point: (textBytes) => ({ connections: 4, textBytes }),
    all: [0.2, 0.6],
    last: [0.6, 1.25],
    why:
      'Up to some 10 KB the fixed cost of an event outweighs its text. From 100 KB on cost is in ' +
      'proportion: a text is received, checked once, copied three times and sent, no step of ' +
      'which looks back, and its memory is fetched from the kernel anew for each event.',
  },
  {
    name: 'rooms',
    how: '16 in flight',
    values: [1, 10, 100, 1_000, 10_000],
    point: (writers) => ({ connections: 16, writers }),
    all: [-0.05, 0.05],
    last: [-0.1, 0.1],
    why:
      'The handler keeps nothing of a room: which one an event belongs to stands in the event, ' +
      'so there is no table that could grow.',
  },
];
