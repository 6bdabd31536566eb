// Serves the chat's page, as `make run APP=examples/chat` has built it, and tells it where to connect.

const { existsSync, readFileSync } = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const DIST = path.join(__dirname, '../chat/page/dist');
const TYPES = { js: 'text/javascript', css: 'text/css' };

/**
 * @param {{connectTo: () => string, negotiate: (req, res) => void}} back connectTo: the address of what
 *   the page connects to; negotiate: answers with endpoint, path and token
 * @returns {http.Server}
 */
exports.servePage = function servePage({ connectTo, negotiate }) {
  if (!existsSync(DIST)) throw new Error('the page is not built: make examples/chat/page/dist/index.html');
  const index = readFileSync(path.join(DIST, 'index.html'), 'utf8');
  return http.createServer((req, res) => {
    const asset = /^\/assets\/([\w.-]+\.(js|css))$/.exec(req.url);
    if (req.url === '/negotiate') {
      negotiate(req, res);
    } else if (req.url === '/') {
      const endpoint = connectTo();
      const html = index.replaceAll('%CODESTREAM_API%', '')
        .replaceAll('%CODESTREAM_CONNECT%', `'self' ${endpoint} ${endpoint.replace(/^http/, 'ws')}`);
      res.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
    } else if (asset && existsSync(path.join(DIST, 'assets', asset[1]))) {
      res.writeHead(200, { 'Content-Type': TYPES[asset[2]], 'Content-Encoding': 'gzip' });
      res.end(readFileSync(path.join(DIST, 'assets', asset[1])));
    } else if (!req.url.startsWith('/socket.io')) {
      res.writeHead(404).end();
    }
  });
};
