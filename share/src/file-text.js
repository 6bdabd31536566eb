// Reads a file once: its text, or why there is none that could be streamed.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { decodeText } from '../../web/src/decoding.js';
import { encodedSize, toLf } from '../../web/src/ops.js';
import { MAX_ENCODED, MAX_TEXT, fits } from '../../web/src/protocol.js';

/**
 * @typedef {{ text: string, guessed: boolean } | { problem: string, gone?: true }} Reading
 *   guessed: any bytes could be a text in that encoding; problem: a sentence without its full stop;
 *   gone: there is no such file
 */

/** Even with three bytes for each UTF-16 unit, more could not fit. */
const MAX_BYTES = Math.max(3 * MAX_TEXT, MAX_ENCODED);
export const TOO_LARGE = `is larger than ${MAX_TEXT / 1024} KiB, the most a session holds`;

const PROBLEMS = /** @type {Record<string, string>} */ ({
  ENOENT: 'is not there',
  ENOTDIR: 'is not there',
  EACCES: 'may not be read by you',
  EPERM: 'may not be read by you',
  EISDIR: 'is a folder',
  // A socket, or a device without a driver.
  ENXIO: 'is no file',
});

/** @param {string} path @returns {Promise<Reading>} */
export async function readFileText(path) {
  try {
    return await read(path);
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    const problem = PROBLEMS[code ?? ''] ?? `cannot be read: ${message}`;
    return code === 'ENOENT' || code === 'ENOTDIR' ? { problem, gone: true } : { problem };
  }
}

/** @param {string} path @returns {Promise<Reading>} */
async function read(path) {
  // A pipe without a writer must not hang the program.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) return { problem: 'is a folder' };
    if (!stat.isFile()) return { problem: 'is no file; what a program writes can be piped to -' };
    const bytes = await bytesOf(file);
    if (bytes.length > MAX_BYTES) return { problem: TOO_LARGE };
    return textOf(bytes);
  } finally {
    await file.close();
  }
}

/** At most one byte more than may be. @param {import('node:fs/promises').FileHandle} file */
async function bytesOf(file) {
  const buffer = Buffer.allocUnsafe(MAX_BYTES + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** @param {Uint8Array} bytes @returns {Reading} */
function textOf(bytes) {
  const decoded = decodeText(bytes);
  // The page opens a file with zeros that somebody has chosen; what a compiler has written is not
  // meant to be seen.
  if (!decoded || decoded.text.includes('\0')) return { problem: 'is no text' };
  const text = toLf(decoded.text);
  return fits(text, encodedSize) ? { text, guessed: decoded.guessed } : { problem: TOO_LARGE };
}
