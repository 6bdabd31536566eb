// Peer: Node without a framework and without an SDK, the fastest that one would write by hand.
import http from 'node:http';
import {
  ack, clientToken, grant, isSigned, listen, newRoom, readSend,
} from './codestream.js';
import { send } from './rest.js';

function answer(response, status, type, body) {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

function negotiate(response) {
  const room = newRoom();
  response.setHeader('Cache-Control', 'no-store');
  answer(response, 200, 'application/json', JSON.stringify(grant(room, clientToken(room))));
}

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function event(request, response) {
  const { headers } = request;
  const packet = await readBody(request);
  if (!isSigned(headers['ce-connectionid'], headers['ce-signature'])) {
    answer(response, 401, 'text/plain', '');
    return;
  }
  const order = readSend(headers['ce-userid'], packet);
  await send(order, headers['ce-socketid']);
  answer(response, 200, 'text/plain; charset=utf-8', ack(order.ackId));
}

listen(http.createServer((request, response) => {
  if (request.method === 'GET' && request.url === '/negotiate') negotiate(response);
  else if (request.method === 'POST' && request.url === '/eventhandler') {
    event(request, response).catch((error) => answer(response, 500, 'text/plain', error.message));
  } else answer(response, 404, 'text/plain', '');
}));
