// 2. The same chat with its clients at Web PubSub for Socket.IO: node service.cjs CONNECTION_STRING

const { negotiate, useAzureSocketIO } = require('@azure/web-pubsub-socket.io');
const { Server } = require('socket.io');
const chat = require('./chat.cjs');
const { servePage } = require('./page.cjs');

const options = { hub: 'chat', connectionString: process.argv[2] };
const [, endpoint, , port] = /Endpoint=([^;]+)(;Port=(\d+))?/.exec(options.connectionString);

const server = servePage({
  connectTo: () => (port ? `${endpoint}:${port}` : endpoint),
  negotiate: negotiate(options),
});
const io = new Server(server);
chat(io);
useAzureSocketIO(io, options).then(() => {
  server.listen(3000, () => console.log(`Open http://localhost:${server.address().port}`));
});
