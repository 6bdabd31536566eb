// A link that passes the pen: the viewers' link, and behind it the writer key and the epoch that
// whoever takes the pen has to exceed. Pure: taking the key out of the address is main.js's, keeping
// it store.js's.

/** @typedef {{ room: string, key: string, epoch: number }} Pen */

const FORM = /^#([A-Za-z0-9_-]{22})\/write\/([A-Za-z0-9_-]{1,128})(?:\/([0-9]{1,16}))?(?![A-Za-z0-9_-])/;

/**
 * @param {string} link  the viewers'
 * @param {{ key: string, epoch: number }} pen
 */
export const writerLink = (link, { key, epoch }) => `${link}/write/${key}/${epoch}`;

/**
 * @param {string} fragment  of the page's address, with its #
 * @returns {Pen | undefined} undefined if it is no writer's link
 */
export function readWriterLink(fragment) {
  const found = FORM.exec(fragment);
  if (!found) return undefined;
  const [, room, key, digits = '0'] = found;
  const epoch = Number(digits);
  return { room, key, epoch: Number.isSafeInteger(epoch) ? epoch : 0 };
}

/**
 * The session that its new writer begins with: what was watched goes on.
 * @param {Pen} pen @param {import('./viewer.js').Viewer} viewer
 * @returns {import('./store.js').Draft}
 */
export function takePen({ room, key, epoch }, { text, session, epoch: heard }) {
  const { language, name } = session;
  const greatest = Math.max(epoch, heard);
  return { room, key, epoch: greatest, beside: true, text, language, name, ended: false };
}
