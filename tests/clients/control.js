// Socket.IO's own server with the behaviour of these tests, at the stand-in's path.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { EVENTS, HEARTBEAT, isRefused, NAMESPACES, PATH } from './behaviour.js';

const TOKEN = 'good';

export async function startControl(port = 0) {
  const server = createServer();
  const io = new Server(server, { path: PATH, ...HEARTBEAT, allowRequest });
  for (const namespace of NAMESPACES) {
    io.of(namespace)
      .use((_, next) => next(isRefused(namespace) ? new Error('not you') : undefined))
      .on('connection', serve);
  }
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    port: server.address().port,
    token: TOKEN,
    cut,
    async close() {
      const closed = once(server, 'close');
      io.close();
      cut();
      await closed;
    },
  };
}

function allowRequest(request, answer) {
  const { searchParams } = new URL(request.url, 'http://localhost');
  answer(null, searchParams.has('sid') || searchParams.get('access_token') === TOKEN);
}

function serve(socket) {
  socket.emit('welcome', socket.nsp.name);
  socket.onAny((name, ...args) => {
    const answer = typeof args.at(-1) === 'function' ? args.pop() : () => {};
    const { ack = [], emit, leaves } = EVENTS[name](args);
    answer(...ack);
    if (emit) socket.emit(...emit);
    if (leaves) socket.disconnect(true);
  });
}
