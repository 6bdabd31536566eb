// An event handler in Node: every client may connect, and every event is acknowledged.
import http from 'node:http';

const server = http.createServer(async (req, res) => {
  if (req.method === 'OPTIONS') { // the service asks whether it may send events
    res.writeHead(200, { 'WebHook-Allowed-Origin': '*' }).end();
    return;
  }
  let body = '';
  for await (const chunk of req.setEncoding('utf8')) body += chunk;
  console.log(req.headers['ce-type'], body.slice(0, 80));
  // 427["hello","world"] is an event that waits for acknowledgement 7: 437["ok","world"]
  const [, namespace = '', id, args] = /^42(\/[^,]+,)?(\d+)(\[.*)$/s.exec(body) ?? [];
  res.writeHead(200, { 'Content-Type': 'text/plain' });
  if (id === undefined) res.end(); // connect, connected, disconnected, or nobody waits
  else res.end(`43${namespace}${id}${JSON.stringify(['ok', ...JSON.parse(args).slice(1)])}`);
});
server.listen(process.env.PORT ?? 7071, '127.0.0.1');
