// The same, and everybody in the namespace hears of it: one REST call, with a token made by hand.
import { createHmac } from 'node:crypto';
import http from 'node:http';

const WELL_KNOWN = 'Endpoint=http://localhost;Port=8080;AccessKey=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH';
const text = process.env.WebPubSubForSocketIOConnectionString ?? WELL_KNOWN;
const { Endpoint, Port, AccessKey } = Object.fromEntries(text.split(';').map((part) => part.split(/=(.*)/s)));
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function tokenFor(aud) {
  const exp = Math.floor(Date.now() / 1000) + 60;
  const signed = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url({ aud, exp })}`;
  return `${signed}.${createHmac('sha256', AccessKey).update(signed).digest('base64url')}`;
}

async function sendToAll(packet) { // 0~base64url('/')~ is the group of namespace /
  const url = `${Endpoint}${Port ? `:${Port}` : ''}/api/hubs/chat/groups/0~Lw~/:send?api-version=2024-12-01`;
  const headers = { Authorization: `Bearer ${tokenFor(url)}`, 'Content-Type': 'text/plain' };
  const { status } = await fetch(url, { method: 'POST', headers, body: packet });
  console.log('send', status);
}

const server = http.createServer(async (req, res) => {
  let body = '';
  for await (const chunk of req.setEncoding('utf8')) body += chunk;
  const [, id, args] = /^42(\d+)(\[.*)$/s.exec(body) ?? [];
  res.writeHead(200, { 'WebHook-Allowed-Origin': '*', 'Content-Type': 'text/plain' });
  if (id === undefined) return res.end();
  const values = JSON.parse(args).slice(1);
  await sendToAll(`42${JSON.stringify(['said', ...values])}`);
  return res.end(`43${id}${JSON.stringify(['ok', ...values])}`);
});
server.listen(process.env.PORT ?? 7071, '127.0.0.1');
