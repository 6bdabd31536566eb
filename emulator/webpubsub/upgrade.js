// How a request for a WebSocket is refused.

const LINGER_MS = 1000; // for a client to close its side, too: a half-open one would last for ever

/** Responds on a bare connection, and closes it. */
export function respondAndClose(socket, text) {
  socket.on('error', () => {}); // the client may be gone
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.resume(); // what is unread would reset the connection
  socket.end(text);
}

/** The service speaks HTTP/1.1, and whoever asks for more goes on with that: Java's client asks. */
export const isOfWebSocket = ({ headers }) => !/^h2c$/i.test(headers.upgrade ?? '');

/** Lets the server read a request again, as one that asks for no upgrade. */
export function serveAsPlain(server, { method, url, rawHeaders }, socket, head) {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (UPGRADING.test(rawHeaders[i])) continue;
    lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

const UPGRADING = /^(?:Upgrade|Connection|HTTP2-Settings)$/i;

/** Responds to an upgrade request with plain HTTP. */
export function refuseUpgrade(socket, status, why, headers = {}) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  respondAndClose(
    socket,
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\n${lines.join('')}` +
      `Content-Length: ${Buffer.byteLength(why)}\r\n\r\n${why}`,
  );
}

/** Refuses and reports the handshakes that a WebSocketServer of ws cannot read. */
export function refuseBadHandshakes(server, log) {
  server.on('wsClientError', ({ message }, socket, { method }) => {
    const status = method === 'GET' ? '400 Bad Request' : '405 Method Not Allowed';
    const headers = /-Version/.test(message) ? { 'Sec-WebSocket-Version': '13, 8' } : {};
    log.refused(['client', `refused (${status.slice(0, 3)}):`], message, {
      rule: 'request', status: Number(status.slice(0, 3)),
    });
    refuseUpgrade(socket, status, `${message}\n`, headers);
  });
}
