// How a request for a WebSocket is refused.

/** Responds to an upgrade request with plain HTTP. */
export function refuseUpgrade(socket, status, why, headers = {}) {
  socket.on('error', () => {}); // the client may be gone
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
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
