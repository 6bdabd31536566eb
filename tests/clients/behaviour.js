// What a server does in these tests: the same for the stand-in's event handler and for Socket.IO's
// own server, which is the control.

export const HUB = 'clients';
export const PATH = `/clients/socketio/hubs/${HUB}`;
export const NAMESPACES = ['/', '/a', '/refused'];
export const VALUES = ['ä😀\u2028"\\', 0, -1.5, true, null, [], {}, { a: [1, { b: 'c' }] }];
export const BYTES = Buffer.from([0, 1, 127, 128, 255]);

/** Seen often enough for a test not to wait, and late enough for a busy machine. */
export const HEARTBEAT = { pingInterval: 2000, pingTimeout: 8000 };

export const isRefused = (namespace) => namespace === '/refused';

/**
 * What an event does: ack: the arguments of its acknowledgement; emit: an event to the same socket;
 * leaves: its connection is ended.
 */
export const EVENTS = {
  values: (args) => ({ ack: args, emit: ['values', ...VALUES] }),
  bytes: ([bytes]) => ({ ack: [bytes.length, bytes.at(-1)], emit: ['bytes', BYTES] }),
  echo: ([bytes]) => ({ ack: [bytes] }),
  many: () => ({ ack: ['one', 2, { three: 3 }] }),
  tick: ([n]) => ({ emit: ['tick', n] }),
  leave: () => ({ leaves: true }),
};
