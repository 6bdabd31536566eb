// The service's report of what it does: one readable line for each client packet, upstream delivery
// and REST call, with tokens shortened.

const MAX_TEXT = 200; // characters of a packet that are shown
const SECRET = /((?:access_token|code|token|sig)=)[^&\s"]+/gi;
const JWT = /\b(eyJ[\w-]{5})[\w.-]+/g; // whole or cut off
const MAX_PART = 1000; // characters of one part of a line
const CONTROL = /[\x00-\x1f\x7f]/g;

/** A text made fit for the log: on one line of bounded length, without tokens and keys. */
export function clean(text) {
  return cut(text, MAX_PART)
    .replace(JWT, '$1…')
    .replace(SECRET, '$1…')
    .replace(CONTROL, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** The beginning of a packet's text. */
export function shown(text) {
  return clean(cut(text, MAX_TEXT));
}

const cut = (text, most) =>
  text.length > most ? `${text.slice(0, most)}… (${text.length})` : text;

/**
 * @param {((line: string) => void) | undefined} sink where the lines go; without it, none are made
 */
export function makeLog(sink) {
  const line = (kind, parts) => sink?.(`${kind.padEnd(8)} ${parts.join(' ')}`);
  return {
    /** A packet from a client (<-) or to it (->). */
    client: (id, arrow, text) => sink && line('client', [id, arrow, shown(text)]),
    /** The beginning and the end of a connection or socket. */
    life: (id, what) => sink && line('client', [id, clean(what)]),
    upstream: (...parts) => sink && line('upstream', parts.map(clean)),
    rest: (...parts) => sink && line('rest', parts.map(clean)),
    /** What somebody who has not asked for a log wants to know, too. */
    note: (...parts) => sink && line('note', parts.map(clean)),
    warn: (...parts) => sink && line('warn', parts.map(clean)),
  };
}
