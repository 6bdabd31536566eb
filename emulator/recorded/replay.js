// What the live service was recorded to answer, as requests that can be made again: of the stand-in
// by its tests, of a live service by whoever has one (infra/doctor.mjs --report).
//
// answers.json: rows in the order in which they are replayed, since some need what others have
// done. {hub}, {connection}, {user} and {group} stand for what is there; `none` is nobody. `kind`:
// recorded of a resource of this kind only. forms: what the body and its headers look like.

import { readFileSync } from 'node:fs';

const VERSION = '2024-12-01';

const { forms, rows } = JSON.parse(readFileSync(new URL('answers.json', import.meta.url), 'utf8'));

export const ROWS = rows;

/**
 * The request of a row.
 * @param {{hub: string, connection: string, user: string, group: string}} names
 * @returns {{method: string, target: string, type?: string, body?: string}}
 */
export function requestOf({ method, path, query, type, body, version = VERSION }, names) {
  const inPath = (text) => fill(text, names, encodeURIComponent);
  const search = [query && inPath(query), `api-version=${version}`].filter(Boolean).join('&');
  return { method, target: `${inPath(path)}?${search}`, type, body: body && fill(body, names) };
}

const fill = (text, names, encode = (value) => value) =>
  text.replace(/{(hub|connection|user|group)}/g, (_, name) => encode(names[name]));

/**
 * In what an answer differs from the recorded one.
 * @param {{status: number, headers: object, text: string}} answer
 * @returns {string[]} such as `status 404 instead of 204`
 */
export function differences(row, { status, headers, text }) {
  const { type, keys, versions } = forms[row.form];
  const found = (name) => headers[name] ?? null;
  const json = readJson(text);
  const facts = [
    ['status', status, row.status],
    ['x-ms-error-code', found('x-ms-error-code'), row.code ?? null],
    ['content-type', found('content-type'), type],
    ['api-supported-versions', found('api-supported-versions') !== null, versions],
    ['keys', keysOf(json), keys],
  ];
  if (keys && row.code) {
    for (const name of ['code', 'message', 'target']) facts.push([name, json?.[name], row[name]]);
  }
  if (row.entry) facts.push(['keys of an entry', keysOf(json?.value?.[0]), row.entry]);
  return facts
    .map(([what, is, was]) => [what, JSON.stringify(is), JSON.stringify(was)])
    .filter(([, is, was]) => is !== was)
    .map(([what, is, was]) => `${what} ${is} instead of ${was}`);
}

const keysOf = (value) => (value === null || typeof value !== 'object' ? null : Object.keys(value));

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
