// The line of state: in one line what is true now. Pure.

import { ROLL_CALL_MS } from '../../web/src/protocol.js';
import { countText, viewerStatus, writerStatus } from '../../web/src/status.js';
import { visibleLine } from './visible.js';

/**
 * @typedef {import('../../web/src/status.js').LinkState} LinkState
 * @typedef {import('../../web/src/hands.js').Raised} Raised
 */

/** A shorter break ends by itself. */
const QUIET_MS = 3_000;
/** Codes of troubles in which nobody has answered, and who that was. */
const SILENT = /** @type {Record<string, string>} */ ({
  Unreachable: 'the function app cannot be reached',
  Disconnected: 'the service cannot be reached',
  Unanswered: 'the service does not answer',
  // Either of them.
  Timeout: 'no answer has come in time',
});

/** @param {import('../../web/src/link.js').Trouble} trouble */
export const reasonOf = ({ code, message }) => SILENT[code] ?? visibleLine(message);

/** @param {LinkState} link @param {number} now */
function downReason({ phase, since, trouble }, now) {
  if (phase === 'up' || !trouble) return '';
  return phase === 'failed' || now - since >= QUIET_MS ? `: ${reasonOf(trouble)}` : '';
}

/** @param {number} n @param {string} one @param {string} many */
const count = (n, one, many) => `${n === 1 ? 1 : countText(n)} ${n === 1 ? one : many}`;

/** @param {Raised[]} raised */
function handsText(raised) {
  const hands = raised.filter(({ up, noted }) => up && !noted);
  if (hands.length === 0) return [];
  const lines = [...new Set(hands.flatMap(({ line }) => line ?? []))].slice(0, 5);
  const where = lines.length === 0 ? '' : ` at line ${lines.join(', ')}`;
  return [`${count(hands.length, 'hand', 'hands')} raised${where}`];
}

/**
 * @param {{ writer: import('../../web/src/writer.js').Writer, counting: boolean }} state  counting:
 *   whoever is still there says so, and what was known of them is from before
 */
function audienceTexts({ writer, counting }) {
  if (counting) return ['counting viewers'];
  return [count(writer.viewers, 'viewer', 'viewers'), ...handsText(writer.hands.list(writer.text))];
}

/**
 * @param {{ link: LinkState, writer: import('../../web/src/writer.js').Writer, takenOver: boolean,
 *   returned: boolean, remark: string, now: number }} state  returned: viewers may have been there
 *   before this connection; remark: what has to be said of the file, or ''
 */
export function sharingLine({ link, writer, takenOver, returned, remark, now }) {
  const { word } = writerStatus({ link, writer, takenOver, draftKept: true, now });
  const up = link.phase === 'up' && !takenOver;
  const refused = up && writer.problem ? `: ${visibleLine(writer.problem.message)}` : '';
  return [
    word + downReason(link, now) + refused,
    ...(up ? audienceTexts({ writer, counting: returned && now < link.since + ROLL_CALL_MS }) : []),
    ...(remark === '' ? [] : [remark]),
  ].join(', ');
}

/**
 * @param {{ link: LinkState, viewer: import('../../web/src/viewer.js').Viewer, now: number }} state
 */
export function watchingLine({ link, viewer, now }) {
  const { word } = viewerStatus({ link, viewer, now });
  const { name, viewers, ended } = viewer.session;
  // How many they are, the writer tells.
  const isTold = link.phase === 'up' && viewer.hasText && !ended && !viewer.away(now);
  return [
    word + downReason(link, now),
    ...(name === '' ? [] : [visibleLine(name)]),
    ...(isTold ? [count(viewers, 'viewer', 'viewers')] : []),
  ].join(', ');
}
