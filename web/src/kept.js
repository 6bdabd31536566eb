// A room's newest text as the function app keeps it for those who come later: what of a response is
// believed, and how its age is said. Pure.

import { MAX_TEXT, cleanName } from './protocol.js';

/**
 * @typedef {object} KeptText
 * @property {number} epoch
 * @property {number} version
 * @property {number} at  when it was handed in, ms since 1970 by the function app's clock
 * @property {string} name
 * @property {string} language
 * @property {string} content
 * @property {boolean} ended  it is the last of its session
 * @typedef {'text' | 'none' | 'off' | 'busy' | 'refused'} Kind  off: this function app keeps none
 */

/** @param {unknown} value */
const isCount = (value) => Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;

/** Checked like a message, since a writer's page has written it. @param {any} raw */
export function readKept(raw) {
  const { epoch, version, at, name, language, content } = raw ?? {};
  const counts = [epoch, version, at].every(isCount);
  const texts = [name, language, content].every((text) => typeof text === 'string');
  if (!counts || !texts || epoch === 0 || content.length > MAX_TEXT) return undefined;
  return /** @type {KeptText} */ ({ epoch, version, at, name: cleanName(name), language, content, ended: raw.ended === true });
}

/**
 * What a response to a read means.
 * @param {number} status  0: there was none
 * @param {any} body  its JSON, if it is any
 * @returns {Kind}
 */
export function kindOf(status, body) {
  if (status === 200) return readKept(body) ? 'text' : 'refused';
  if (status === 404 && body?.error?.code === 'NotKept') return 'none';
  if (status === 404 && body?.error?.code === 'NotFound') return 'off';
  // While the function app is replaced, its host knows no path.
  return status === 0 || status === 404 || status === 429 || status >= 500 ? 'busy' : 'refused';
}

const STEPS = /** @type {[number, string][]} */ ([
  [60_000, 's'],
  [3_600_000, 'min'],
  [86_400_000, 'h'],
]);
const UNIT_MS = { s: 1_000, min: 60_000, h: 3_600_000 };

/** "3 s ago". @param {number} ms */
export function ago(ms) {
  const age = Math.max(0, ms);
  for (const [below, unit] of STEPS)
    if (age < below) return `${Math.floor(age / UNIT_MS[/** @type {'s'} */ (unit)])} ${unit} ago`;
  const days = Math.floor(age / 86_400_000);
  return days === 1 ? 'a day ago' : `${days} days ago`;
}

/** "7 days". @param {number} days */
export const daysText = (days) => (days === 1 ? 'a day' : `${days} days`);
