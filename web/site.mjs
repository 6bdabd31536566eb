// The one place that knows how the built page is served: content types, encodings, cache headers,
// and where the addresses of the function app and of the service are put into index.html. No
// packages, so that the website stand-in and the deployment script can both import it without
// installing anything.

import { gzipSync } from 'node:zlib';

const PAGE = 'index.html';
const FOREVER = 'public, max-age=31536000, immutable';

const CONTENT_TYPES = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  ttf: 'font/ttf',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
};

/**
 * How one file of web/dist is served: gzipped under its own name, because a static website on Blob
 * storage never compresses on the fly. The bytes in dist are the bytes on the wire, except those of
 * the page itself, which `pageBytes` makes when its addresses are known.
 *
 * @param {string} path  path inside dist, with or without a leading slash; '' and '/' name the page
 * @returns {{ path: string, contentType: string, contentEncoding: string, cacheControl: string }
 *   | undefined}
 *   undefined: the path is not part of the built page
 */
export function siteFile(path) {
  const name = path.replace(/^\/+/, '') || PAGE;
  if (name === PAGE) {
    return {
      path: name,
      contentType: CONTENT_TYPES.html,
      contentEncoding: 'gzip',
      cacheControl: 'no-cache',
    };
  }
  const match = /^assets\/[A-Za-z0-9_.-]+\.([a-z]+)$/.exec(name);
  const contentType = match && Object.hasOwn(CONTENT_TYPES, match[1]) && CONTENT_TYPES[match[1]];
  if (!contentType) return undefined;
  return { path: name, contentType, contentEncoding: 'gzip', cacheControl: FOREVER };
}

/** The placeholders that build.mjs leaves in dist/index.html. */
export const API_PLACEHOLDER = '%CODESTREAM_API%';
export const CONNECT_PLACEHOLDER = '%CODESTREAM_CONNECT%';
export const KEEP_PLACEHOLDER = '%CODESTREAM_KEEP_DAYS%';

/**
 * Puts the function app's and the service's address into the page, and for how many days the newest
 * text of a room is kept (0: it is not).
 *
 * @param {string} html  the text of dist/index.html
 * @param {{ api: string, service: string, keepDays?: number }} addresses 'https://app.example' and
 *   'https://service.example'
 * @returns {string}
 */
export function configurePage(html, { api, service, keepDays = 0 }) {
  if (!Number.isInteger(keepDays) || keepDays < 0)
    throw new Error(`keepDays is no number of days: ${keepDays}`);
  const apiUrl = webAddress('api', api);
  const serviceUrl = webAddress('service', service);
  for (const placeholder of [API_PLACEHOLDER, CONNECT_PLACEHOLDER]) {
    if (!html.includes(placeholder)) throw new Error(`index.html has no ${placeholder} to fill in`);
  }
  // A content security policy does not let http: stand for ws:, so the service is named twice.
  const socket = serviceUrl.origin.replace(/^http/, 'ws');
  const connect = [...new Set([apiUrl.origin, serviceUrl.origin, socket])].join(' ');
  const base = apiUrl.origin + apiUrl.pathname.replace(/\/+$/, '');
  return html
    .replaceAll(API_PLACEHOLDER, base)
    .replaceAll(CONNECT_PLACEHOLDER, connect)
    .replaceAll(KEEP_PLACEHOLDER, String(keepDays));
}

/**
 * The page as it is served.
 *
 * @param {string} html  the text of dist/index.html
 * @param {Parameters<typeof configurePage>[1]} addresses
 * @returns {Buffer}
 */
export const pageBytes = (html, addresses) => gzipSync(configurePage(html, addresses), { level: 9 });

function webAddress(name, value) {
  let url;
  try {
    url = new URL(value);
  } catch {
    throw new Error(`${name} is not a web address: ${value}`);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new Error(`${name} must start with https:// or http://: ${value}`);
  }
  // Quotes, semicolons and markup could change the policy or the page; URL leaves a few of them
  // in paths.
  if (/["'<>;,\s]/.test(url.origin + url.pathname))
    throw new Error(`${name} has characters that no address needs: ${value}`);
  return url;
}
