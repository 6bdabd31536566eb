// The REST call of the two peers without an SDK: node:http (or node:https) with as many kept
// connections as there are calls at a time, since one that is closed would cost a new one.
import http from 'node:http';
import https from 'node:https';
import { endpoint, mint, sendPath } from './codestream.js';

const MAX_KEPT = 4096;
const { protocol, hostname, port } = new URL(endpoint);
const client = protocol === 'https:' ? https : http;
const agent = new client.Agent({ keepAlive: true, maxFreeSockets: MAX_KEPT });

/** Sends a packet to everybody in a room but its sender; resolves when the service has it. */
export function send({ room, message }, socketId) {
  const path = sendPath(room, socketId);
  const headers = {
    Authorization: `Bearer ${mint(endpoint + path)}`,
    'Content-Type': 'text/plain',
    'Content-Length': Buffer.byteLength(message),
  };
  return new Promise((resolve, reject) => {
    const request = client.request({ agent, hostname, port, path, method: 'POST', headers });
    request.on('error', reject);
    request.on('response', (answer) => {
      answer.resume();
      answer.on('end', () => {
        if (answer.statusCode === 202) resolve();
        else reject(new Error(`the service answered ${answer.statusCode}`));
      });
    });
    request.end(message);
  });
}
