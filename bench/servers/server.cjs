// A server of Socket.IO: node server.cjs [CONNECTION_STRING HUB]. It tells its parent its port.
const http = require('node:http');
const { Server } = require('socket.io');

const [connectionString, hub] = process.argv.slice(2);
const server = http.createServer();
const io = new Server(server);
io.on('connection', (socket) => {
  socket.on('join', async (acknowledge) => {
    await socket.join('room');
    acknowledge();
  });
  socket.on('say', (n) => socket.broadcast.to('room').emit('tick', n));
  socket.on('ask', (acknowledge) => acknowledge());
});

async function start() {
  if (connectionString) await require('@azure/web-pubsub-socket.io').useAzureSocketIO(io, { hub, connectionString });
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
}

start();
