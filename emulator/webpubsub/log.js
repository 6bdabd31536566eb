// The service's report of what it does: one readable line for each client packet, upstream delivery
// and REST call, and the same as an object for programs. Bounded, and without tokens and signatures.

import { RULES } from './rules.js';

const MAX_TEXT = 200; // characters of a packet that are shown
const MAX_PART = 1000; // characters of one part of a line
const MAX_LINE = 2400; // of all its parts
const SECRET = /((?:access_token|awps_reconnection_token|code|token|sig)=|AccessKey=)[^&;\s"]+/gi;
const SIGNATURE = /\b(sha256=[0-9a-f]{6})[0-9a-f]+/gi;
const BEARER = /\b(Bearer +[\w.~+/-]{4})[\w.~+/-]{12,}=*/gi;
const JWT = /\b(eyJ[\w-]{5})[\w.-]+/g; // whole or cut off
const CONTROL = /[\x00-\x1f\x7f\u2028\u2029]/g;

/** A text made fit for the log: on one line of bounded length, without tokens and keys. */
export function clean(text) {
  return cut(String(text), MAX_PART)
    .replace(JWT, '$1…')
    .replace(SECRET, '$1…')
    .replace(SIGNATURE, '$1…')
    .replace(BEARER, '$1…')
    .replace(CONTROL, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** The beginning of a packet's text. */
export function shown(text) {
  return clean(cut(text, MAX_TEXT));
}

const cut = (text, most) =>
  text.length > most ? `${text.slice(0, most)}… (${text.length})` : text;

/**
 * @typedef {object} Entry one line, for programs; what does not apply is missing
 * @property {string} time ISO 8601
 * @property {'client' | 'upstream' | 'rest' | 'note' | 'warn'} kind
 * @property {string} text the line without its kind
 * @property {string} [connection]
 * @property {string} [socket]
 * @property {string} [namespace]
 * @property {string} [room]
 * @property {string} [group]
 * @property {string} [user]
 * @property {string} [event]
 * @property {'in' | 'out'} [direction] of a client's packet
 * @property {number | string} [status] of a response; a word where there is none
 * @property {number} [ms]
 * @property {string} [rule] why something is refused: a row of the fidelity table
 * @property {string} [source] of the rule
 * @property {string} [reads] what the client learns of it
 */

/**
 * @param {{log?: (line: string) => void, logEntry?: (entry: Entry) => void,
 *   logLevel?: 'all' | 'warnings', clock: () => number}} options where the lines go; without both, none
 *   are made
 */
export function makeLog({ log: sink, logEntry, logLevel = 'all', clock }) {
  const isHeard = sink !== undefined || logEntry !== undefined;
  const isWanted = isHeard && logLevel === 'all'; // each exchange costs its line
  /** A last part that is an object holds details for programs. */
  const tell = (kind, parts) => {
    if (!isHeard) return;
    const details = typeof parts.at(-1) === 'object' ? parts.pop() : {};
    const given = parts.filter((part) => part !== undefined && part !== '');
    const text = cut(given.map(clean).join(' '), MAX_LINE);
    sink?.(`${kind.padEnd(8)} ${text}`);
    logEntry?.({ time: new Date(clock()).toISOString(), kind, ...tidy(details), text });
  };
  return {
    /** Whether each exchange is told, and not only what is wrong. */
    isWanted,
    /** A packet from a client (<-) or to it (->). */
    client: (id, arrow, text, { socket, namespace } = {}) => {
      if (!isWanted) return;
      const direction = arrow === '<-' ? 'in' : 'out';
      const details = { connection: id, socket, namespace, event: eventIn(text), direction };
      tell('client', [id, socket, arrow, shown(text), details]);
    },
    /** The beginning and the end of a connection or socket. */
    life: (id, what) => isWanted && tell('client', [id, what, { connection: id }]),
    upstream: ({ event, connection, socket, namespace, status, ms }) => {
      if (!isWanted) return;
      const details = { event, connection, socket, namespace, status, ms };
      tell('upstream', [event, connection, socket, namespace, '->', String(status), `${ms} ms`, details]);
    },
    rest: (...parts) => isWanted && tell('rest', parts),
    /** What somebody who has not asked for a log wants to know, too. */
    note: (...parts) => tell('note', parts),
    warn: (...parts) => tell('warn', parts),
    /**
     * A request or an event that is refused, and why: always a warning.
     * @param {string[]} where
     * @param {string} why with its cure
     * @param {{rule: string, reads?: string}} more rule: of RULES; also details for programs
     */
    refused: (where, why, { rule, reads, ...details }) => {
      const [row, source] = RULES[rule];
      const learns = reads === undefined ? '' : `; the client reads ${reads}`;
      const parts = [...where, why + learns, `[rule: ${row}; ${source}]`];
      tell('warn', [...parts, { ...details, rule: row, source, reads }]);
    },
  };
}

/** The name in an event's packet, whether as a client sends it or with Engine.IO's 4 in front. */
const EVENT = /^4?[25](?:\d+-)?(?:\/[^,]*,)?\d*\["((?:[^"\\]|\\.)*)"/;

/** @returns {string | undefined} the name of the event that a packet is */
export const eventIn = (text) => EVENT.exec(text)?.[1];

function tidy(details) {
  const present = Object.entries(details).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    present.map(([name, value]) => [name, typeof value === 'string' ? clean(value) : value]),
  );
}
