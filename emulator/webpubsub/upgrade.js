// Knows how a request for a WebSocket is refused.

/** Answers an upgrade request with plain HTTP. */
export function refuseUpgrade(socket, status, why) {
  socket.on('error', () => {}); // the client may be gone
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(why)}\r\n\r\n${why}`,
  );
}
