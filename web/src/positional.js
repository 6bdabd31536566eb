// The short form of the messages that make up nearly all traffic: arrays, whose first element says
// what the others are. Two parts are left out that a viewer knows from the last full or beat: the
// epoch, of which only a tag remains, and the session, when it is still the same.
//
//   [1, tag, version, n, changes]                          delta
//   [1, tag, version, n, changes, selections, top, rows]   delta with a view
//   [2, tag, seq, version, selections, top, rows]          view
//   [3, epoch, seq, version, n, hash, since]               beat; since: the seq of the session
//
// The selections of a delta count from the end of its last edit, where the cursor mostly is.

/**
 * @typedef {import('./ops.js').Op} Op
 * @typedef {import('./protocol.js').View} View
 */

const DELTA = 1;
const VIEW = 2;
const BEAT = 3;
const TAGS = 1_000;
/** Longer lists are not looked at. */
const MAX_SELECTIONS = 32;

/** @param {number} epoch */
const tagOf = (epoch) => epoch % TAGS;

/** Of what may be no number the sum is none. @param {any} a @param {any} b */
const sum = (a, b) => (typeof a === 'number' && typeof b === 'number' ? a + b : NaN);

/** Where the last edit ends, in the text that it leaves. @param {any} ops @returns {number} */
function endOf(ops) {
  const last = Array.isArray(ops) ? ops[ops.length - 1] : undefined;
  return Array.isArray(last) ? sum(last[0], last[2]?.length) : 0;
}

// ---- writing ----

/** @param {View | undefined} view @param {number} origin */
const flat = (view, origin) =>
  view
    ? [
        view.selections.map((ends) => ends.map((offset) => offset - origin)),
        view.top,
        view.bottom - view.top,
      ]
    : [];

/**
 * @param {{ epoch: number, version: number, n: number, changes: Op[], view?: View }} delta
 */
export const encodeDelta = ({ epoch, version, n, changes, view }) => [
  DELTA,
  tagOf(epoch),
  version,
  n,
  changes,
  ...flat(view, endOf(changes)),
];

/** @param {{ epoch: number, seq: number, version: number, view: View }} message */
export const encodeView = ({ epoch, seq, version, view }) => [
  VIEW,
  tagOf(epoch),
  seq,
  version,
  ...flat(view, 0),
];

/**
 * @param {{ epoch: number, seq: number, version: number, n: number, hash: number, since: number }}
 *   beat
 */
export const encodeBeat = ({ epoch, seq, version, n, hash, since }) => [
  BEAT,
  epoch,
  seq,
  version,
  n,
  hash,
  since,
];

// ---- reading ----

/** @param {any} selections @param {any} top @param {any} rows @param {number} origin */
function viewOf(selections, top, rows, origin) {
  if (!Array.isArray(selections) || selections.length > MAX_SELECTIONS) return undefined;
  const shifted = selections.map((ends) =>
    Array.isArray(ends) && ends.length === 2 ? ends.map((end) => sum(end, origin)) : ends,
  );
  return { selections: shifted, top, bottom: sum(top, rows) };
}

/**
 * The same message with names, its values unchecked; undefined if it is of another epoch, or none.
 * @param {any[]} raw @param {number} epoch
 * @returns {object | undefined}
 */
export function toNamed(raw, epoch) {
  const [kind, tag, a, b, c, d, e, f] = raw;
  if (kind === BEAT && raw.length === 7)
    return { type: 'beat', epoch: tag, seq: a, version: b, n: c, hash: d, since: e };
  if (epoch < 0 || tag !== tagOf(epoch)) return undefined;
  if (kind === DELTA && raw.length === 5) return { type: 'delta', epoch, version: a, n: b, changes: c };
  if (kind === DELTA && raw.length === 8)
    return {
      type: 'delta',
      epoch,
      version: a,
      n: b,
      changes: c,
      view: viewOf(d, e, f, endOf(c)),
    };
  if (kind === VIEW && raw.length === 7)
    return { type: 'view', epoch, seq: a, version: b, view: viewOf(c, d, e, 0) };
  return undefined;
}

/**
 * A delta of an epoch whose full may still be on its way.
 * @param {unknown} raw @param {number} epoch
 */
export const isOfAnotherEpoch = (raw, epoch) =>
  Array.isArray(raw) && raw[0] === DELTA && (epoch < 0 || raw[1] !== tagOf(epoch));
