// A client in JavaScript: `node client.mjs hello world`, with what `token --json` has printed in client.json.
import { readFileSync } from 'node:fs';
import { io } from 'socket.io-client';

const { endpoint, path, token } = JSON.parse(readFileSync('client.json', 'utf8'));
const [name = 'hello', ...args] = process.argv.slice(2);
const socket = io(endpoint, { path, query: { access_token: token } });
socket.on('connect_error', ({ message }) => {
  console.error(`connect_error: ${message}`);
  if (!socket.active) process.exit(1); // it was refused; of what cannot be reached it asks again
});
socket.on('said', (...said) => console.log('said', ...said));
socket.on('connect', async () => {
  const answer = await socket.timeout(30_000).emitWithAck(name, ...args);
  console.log(`${name} is acknowledged:`, answer);
  socket.close();
});
