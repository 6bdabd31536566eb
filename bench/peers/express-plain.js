// Peer: Express, with tokens of own making and no SDK. What it costs beyond node-raw is Express.
import http from 'node:http';
import express from 'express';
import {
  ack, clientToken, grant, isSigned, listen, newRoom, readSend,
} from './codestream.js';
import { send } from './rest.js';

const app = express();

app.get('/negotiate', (request, response) => {
  const room = newRoom();
  response.set('Cache-Control', 'no-store').json(grant(room, clientToken(room)));
});

const text = express.text({ type: 'text/plain', limit: '1mb' });

app.post('/eventhandler', text, async (request, response) => {
  if (!isSigned(request.get('ce-connectionId'), request.get('ce-signature'))) {
    response.status(401).end();
    return;
  }
  const order = readSend(request.get('ce-userId'), request.body);
  await send(order, request.get('ce-socketId'));
  response.type('text/plain').send(ack(order.ackId));
});

listen(http.createServer(app));
