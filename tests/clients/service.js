// The service stand-in and an event handler with the behaviour of these tests.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { decodePayload } from 'engine.io-parser';
import { Decoder, Encoder, PacketType } from 'socket.io-parser';
import { startWebPubSub } from '../../emulator/webpubsub/service.js';
import { signToken } from '../../emulator/webpubsub/token.js';
import { EVENTS, HEARTBEAT, HUB, isRefused, PATH } from './behaviour.js';

const LIFE = 600; // seconds of a token

export async function startService(port = 0) {
  const upstream = createServer((req, res) => handle(req, res, (socket) => welcome(service, socket)));
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const service = await startWebPubSub({
    port,
    pingIntervalMs: HEARTBEAT.pingInterval,
    pingTimeoutMs: HEARTBEAT.pingTimeout,
    hubs: { [HUB]: { eventHandlers: [{
      urlTemplate: `http://127.0.0.1:${upstream.address().port}/`,
      userEventPattern: '*',
      systemEvents: ['connect', 'connected'],
    }] } },
  });
  const [key] = service.options.accessKeys;
  const sign = (aud) => signToken({ aud, exp: Math.floor(Date.now() / 1000) + LIFE }, key);
  service.call = (target, body) => post(service.port, target, sign(service.endpoint + target), body);
  return {
    port: service.port,
    token: sign(service.endpoint + PATH),
    cut: () => service.hub(HUB).connections.forEach((connection) => connection.terminate()),
    async close() {
      await service.close();
      upstream.closeAllConnections();
      upstream.close();
    },
  };
}

/** Answers one event as the service wants it: Engine.IO packets, with U+001E between them. */
async function handle(req, res, onConnected) {
  let body = '';
  for await (const chunk of req.setEncoding('utf8')) body += chunk;
  const { 'ce-type': type = '', 'ce-namespace': namespace, 'ce-socketid': id } = req.headers;
  if (req.method === 'OPTIONS') res.setHeader('WebHook-Allowed-Origin', '*');
  if (type.endsWith('.connected')) onConnected({ namespace, id });
  if (type.endsWith('.connect') && isRefused(namespace)) res.statusCode = 403;
  const answer = type.includes('.user.') ? answerEvent(read(body)) : '';
  if (answer) res.setHeader('Content-Type', 'text/plain');
  res.end(answer);
}

function read(body) {
  const decoder = new Decoder();
  let packet;
  decoder.on('decoded', (decoded) => { packet = decoded; });
  for (const { data } of decodePayload(body, 'nodebuffer')) decoder.add(data);
  return packet;
}

function answerEvent({ nsp, id, data: [name, ...args] }) {
  const { ack = [], emit, leaves } = EVENTS[name](args);
  const packets = [];
  if (id !== undefined) packets.push(...write({ type: PacketType.ACK, nsp, id, data: ack }));
  if (emit) packets.push(...write({ type: PacketType.EVENT, nsp, data: emit }));
  if (leaves) packets.push(`41${nsp === '/' ? '' : `${nsp},`}{"close":true}`);
  return packets.join('\x1e');
}

const write = (packet) => new Encoder().encode(packet)
  .map((part) => (typeof part === 'string' ? `4${part}` : `b${part.toString('base64')}`));

/** By REST, to the group that a socket is in by itself. */
function welcome({ call }, { namespace, id }) {
  const encode = (text) => Buffer.from(text).toString('base64url');
  const [packet] = write({ type: PacketType.EVENT, nsp: namespace, data: ['welcome', namespace] });
  const group = `0~${encode(namespace)}~${encode(id)}`;
  return call(`/api/hubs/${HUB}/groups/${group}/:send?api-version=2024-12-01`, packet);
}

const post = (port, target, token, body) => fetch(`http://127.0.0.1:${port}${target}`, {
  method: 'POST', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'text/plain' }, body,
});
