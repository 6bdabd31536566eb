// Peer: Express with Microsoft's own packages, set up as their documentation does; what a team
// would write that follows it. Two things are added: the check of the signature, which
// @azure/web-pubsub-express leaves to its users, and Codestream's own words. The sender is left out
// by the connection's id, since the SDK does not tell its handlers the socket's.
import http from 'node:http';
import express from 'express';
import { WebPubSubServiceClient } from '@azure/web-pubsub';
import { WebPubSubEventHandler } from '@azure/web-pubsub-express';
import {
  ack, connectionString, grant, groupOf, HUB, isSigned, listen, newRoom, readSend,
} from './codestream.js';

const service = new WebPubSubServiceClient(connectionString, HUB, {
  allowInsecureConnection: true, // the service of the benchmark speaks plain HTTP
});
const app = express();

app.get('/negotiate', async (request, response) => {
  const room = newRoom();
  const { token } = await service.getClientAccessToken({
    clientProtocol: 'socketio',
    userId: `w.${room}`,
  });
  response.set('Cache-Control', 'no-store').json(grant(room, token));
});

async function onEvent({ context, data }, response) {
  const { connectionId, signature, userId } = context;
  if (!isSigned(connectionId, signature)) {
    response.fail(401);
    return;
  }
  const { ackId, room, message } = readSend(userId, data);
  await service.group(groupOf(room)).sendToAll(message, {
    contentType: 'text/plain',
    excludedConnections: [connectionId],
  });
  response.success(ack(ackId), 'text');
}

const events = new WebPubSubEventHandler(HUB, {
  path: '/eventhandler',
  handleUserEvent: (request, response) => {
    onEvent(request, response).catch((error) => response.fail(500, error.message));
  },
});
app.use(events.getMiddleware());

listen(http.createServer(app));
