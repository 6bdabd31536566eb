// What the page's address says: the room and the line behind `#`, and how the page is to look.

/**
 * Programs put full stops, brackets, parameters and signs of emphasis behind a link. Letters and digits
 * would make another room of it.
 */
const ROOM = /^([A-Za-z0-9_-]{22})(?![_-]*[A-Za-z0-9])(?::L(\d{1,7}))?/;

/**
 * @param {string} hash  with the `#`
 * @returns {{ room: string, line?: number } | undefined} undefined: it names no room, room '': it
 *   is a writer's
 */
export function readHash(hash) {
  if (hash.length < 2) return { room: '' };
  const [, room, line] = ROOM.exec(hash.slice(1)) ?? [];
  return room ? { room, line: Number(line) || undefined } : undefined;
}

const THEMES = /** @type {const} */ (['light', 'dark', 'contrast', 'system']);

/**
 * What the address says of the page's looks; whoever embeds a stream chooses them.
 * @param {string} search
 * @returns {{ embed: boolean, line?: number,
 *   looks: Partial<import('./store.js').Preferences> }}
 */
export function readSearch(search) {
  const parameters = new URLSearchParams(search);
  const number = (/** @type {string} */ name) => {
    const value = parameters.get(name) ?? '';
    return /^\d{1,7}$/.test(value) ? Number(value) : undefined;
  };
  const theme = THEMES.find((name) => name === parameters.get('theme'));
  const fontSize = number('size');
  const wrap = parameters.get('wrap');
  return {
    embed: parameters.has('embed'),
    line: number('line') || undefined,
    looks: {
      ...(theme && { theme }),
      ...(fontSize && { fontSize: Math.min(32, Math.max(10, fontSize)) }),
      ...(wrap !== null && { wrap: wrap !== '0' && wrap !== 'off' }),
    },
  };
}
