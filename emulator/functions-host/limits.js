// What the host's web server (Kestrel) refuses before it looks for a function, and the bytes that
// it lets in although the host's own HTTP client does not send them on.

import { pairs } from './wire.js';

const MAX_LINE = 8192; // bytes of the request line, with its end
const MAX_HEADERS = 32_768; // bytes of all header lines
const MAX_HEADER_COUNT = 100;

/** Node reads so many bytes of a head, so that what is too large gets the host's own status. */
export const READ_LIMIT = 1024 * 1024;

const NON_ASCII = /[\x80-\xff]/; // Node reads each byte of a head as one character
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @returns {number | undefined} the status with which a request is refused for its form */
export function refusalOf({ method, url, rawHeaders }) {
  if (`${method} ${url} HTTP/1.1\r\n`.length > MAX_LINE) return 414;
  if (NON_ASCII.test(url)) return 400;
  const headers = pairs(rawHeaders);
  const bytes = headers.reduce((sum, [name, value]) => sum + `${name}: ${value}\r\n`.length, 0);
  if (headers.length > MAX_HEADER_COUNT || bytes > MAX_HEADERS) return 431;
  if (headers.filter(([name]) => name.toLowerCase() === 'host').length > 1) return 400;
  return headers.every(([, value]) => isUtf8(value)) ? undefined : 400;
}

/** A header value that is UTF-8 comes in, and then cannot be sent to the handler. */
export function hasNonAscii(rawHeaders) {
  return pairs(rawHeaders).some(([, value]) => NON_ASCII.test(value));
}

function isUtf8(value) {
  if (!NON_ASCII.test(value)) return true;
  try {
    utf8.decode(Buffer.from(value, 'latin1'));
    return true;
  } catch {
    return false;
  }
}
