// What Azurite, Microsoft's own stand-in, was recorded to answer to the requests for blobs that the
// handler makes and to some that go wrong: replayed with the container stand-in by its tests, and with
// Azurite itself by `make test-storage` (RECORD=1 records anew).
//
// blob.json: rows in the order in which they are replayed. {etag} is the newest ETag of the blob, {old}
// the one before. token: null for none.

import { readFileSync } from 'node:fs';

export const FILE = new URL('blob.json', import.meta.url);
export const ROWS = JSON.parse(readFileSync(FILE, 'utf8'));

/** Headers of a response by which the handler goes. */
const READ = ['etag', 'x-ms-meta-epoch', 'x-ms-meta-version', 'x-ms-error-code', 'content-type'];

/**
 * Makes the requests of all rows.
 * @param {object[]} rows
 * @param {(request: {method: string, path: string, headers: object, body?: string}) =>
 *   Promise<{status: number, headers: Headers, text: string}>} send
 * @param {string} token
 * @returns {Promise<object[]>} the rows with these answers
 */
export async function replay(rows, send, token) {
  const answered = [];
  let [etag, old] = ['"none"', '"none"'];
  for (const row of rows) {
    const fill = (text) => text.replace('{etag}', etag).replace('{old}', old);
    const headers = { 'x-ms-version': '2021-12-02' };
    if (row.token !== null) headers.authorization = `Bearer ${token}`;
    for (const [name, value] of Object.entries(row.headers ?? {})) headers[name] = fill(value);
    const { method, path, body } = row;
    const response = await send({ method, path, headers, body });
    // Azure answers this with headers alone, Azurite with the content as well.
    const text = path.includes('comp=metadata') ? '' : response.text;
    answered.push({ ...row, answer: describe({ ...response, text }) });
    const now = response.headers.get('etag');
    if (method === 'PUT' && now) [old, etag] = [etag, now];
  }
  return answered;
}

/** An ETag is another one each time. */
function describe({ status, headers, text }) {
  const found = {};
  for (const name of READ) if (headers.get(name) !== null) found[name] = headers.get(name);
  if (found.etag) found.etag = /^"[^"]+"$/.test(found.etag) ? '"…"' : `malformed: ${found.etag}`;
  const isError = status >= 400;
  if (isError || status === 304 || !text) delete found['content-type'];
  return { status, headers: found, ...(isError || !text ? {} : { body: text }) };
}
