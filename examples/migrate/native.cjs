// 1. The chat on a server of Socket.IO of its own: node native.cjs

const { Server } = require('socket.io');
const chat = require('./chat.cjs');
const { servePage } = require('./page.cjs');

const endpoint = () => `http://localhost:${server.address().port}`;
const server = servePage({
  connectTo: endpoint,
  negotiate: (_req, res) => res.end(JSON.stringify({ endpoint: endpoint(), path: '/socket.io' })),
});
const io = new Server(server);
chat(io);
server.listen(3000, () => console.log(`Open ${endpoint()}`));
