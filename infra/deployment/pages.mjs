// Lists of Resource Manager, which come in pages: all of them are read, or none is believed.
import { rest } from './arm.mjs';
import { Stop } from './errors.mjs';

const MAX_PAGES = 100;

/** All that a list holds; `more` goes behind the version. A list that is none stops the program. */
export async function listPages(d, path, { what, more }) {
  const found = [];
  let next = rest('get', path, { more });
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const answer = await d.az.read(next, { what, dry: { value: [] } });
    found.push(...asList(answer?.value, what));
    if (!answer.nextLink) return found;
    next = ['rest', '--method', 'get', '--url', answer.nextLink];
  }
  throw new Stop(`${what}: the list has more than ${MAX_PAGES} pages`);
}

/** The same of what need not be there: undefined where it is not. */
export function findPages(d, path, options) {
  return listPages(d, path, options).catch((error) => {
    if (error.kind === 'missing') return undefined;
    throw error;
  });
}

/** The list itself; an answer that is none is not taken for an empty one. */
export function asList(answer, what) {
  if (Array.isArray(answer)) return answer;
  throw new Stop(`az answered with no list: ${what}`, 'Run the same command again.');
}
