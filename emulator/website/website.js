// Serves the built page as the static website of a storage account would: from a folder, with the
// types, encodings and cache headers of the page's own table.

import http from 'node:http';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { pageBytes, siteFile } from '../../web/site.mjs';
import { listen } from '../listen.js';

const METHODS = ['GET', 'HEAD'];

/**
 * @param {object} options
 * @param {string} options.root the built page, web/dist
 * @param {number} [options.port] 0: a free one
 * @param {boolean} [options.orFree] take a free port when the wanted one is in use
 * @param {string} options.api address of the function app
 * @param {string} options.service address of Web PubSub
 * @param {number} [options.keepDays] what the page says of kept texts; 0: they are not kept
 */
export async function startWebsite({ root, port = 0, orFree, api, service, keepDays = 0 }) {
  const folder = path.resolve(root);
  const configured = { api, service, keepDays };
  await readPage(folder, configured); // says at once if the page is not built
  const server = http.createServer((req, res) => {
    answer(folder, configured, req)
      .catch(() => ({ status: 500, headers: TEXT, body: 'The page cannot be read.\n' }))
      .then(({ status, headers, body }) => {
        res.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
        res.end(req.method === 'HEAD' ? undefined : body);
      });
  });
  const listening = await listen(server, { port, orFree });
  return {
    port: listening.port,
    wantedPort: listening.wanted,
    url: `http://localhost:${listening.port}/`,
    close: () => listening.close(),
  };
}

/** A system's errors for a file that is not there: the name is impossible, or is a folder's. */
const NO_FILE = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP', 'EINVAL'];
const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' };
const MISSING = { status: 404, headers: TEXT, body: 'There is no such file.\n' };

async function answer(folder, addresses, { method, url }) {
  if (!METHODS.includes(method)) return { status: 405, headers: { Allow: 'GET, HEAD' }, body: '' };
  const name = safePath(url);
  const file = name === undefined ? undefined : siteFile(name);
  if (!file) return MISSING;
  const headers = {
    'Content-Type': file.contentType,
    'Content-Encoding': file.contentEncoding,
    'Cache-Control': file.cacheControl,
  };
  const isPage = file.path === 'index.html';
  try {
    const body = isPage
      ? await readPage(folder, addresses)
      : await readFile(path.join(folder, file.path));
    return { status: 200, headers, body };
  } catch (error) {
    if (NO_FILE.includes(error.code) && !isPage) return MISSING;
    throw error;
  }
}

/** @returns {string | undefined} the path without query; undefined if it leaves the folder */
function safePath(url) {
  try {
    const name = decodeURIComponent(url.split('?')[0]);
    return name.split('/').includes('..') || name.includes('\0') ? undefined : name;
  } catch {
    return undefined;
  }
}

async function readPage(folder, addresses) {
  const file = path.join(folder, 'index.html');
  let html;
  try {
    html = await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`the page is not built: ${file} (${error.code})`);
  }
  return pageBytes(html, addresses);
}
