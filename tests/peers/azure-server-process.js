// A server as a process of its own: node azure-server-process.js CONNECTION_STRING HUB. It tells its
// clients which one it is.
import http from 'node:http';
import { useAzureSocketIO } from '@azure/web-pubsub-socket.io';
import { Server } from 'socket.io';

const [connectionString, hub] = process.argv.slice(2);
const io = new Server(http.createServer());
io.on('connection', (socket) => socket.emit('pid', process.pid));
await useAzureSocketIO(io, { hub, connectionString });
process.send('ready');
process.on('disconnect', () => process.exit());
