// Whether a change of one client is seen by another, with a line for each thing on the way that works.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { Failure, useRoom } from './room.mjs';
import { quoteWithout, readCertificates } from './settings.mjs';

export const EXIT = { arrived: 0, failed: 1, misused: 2, full: 4 };
const PAUSE_MS = 5000;

const readFile = (path) => readFileSync(path, 'utf8');

/**
 * Tries again what may pass, and says each step once.
 *
 * @param {{ app: string, withinMs: number, pauseMs?: number }} where  app: the address of the function app
 * @param {Record<string, string | undefined>} env  with the word for writers, if there is one
 * @param {(line: string) => void} say
 * @returns {Promise<number>} one of EXIT
 */
export async function changeArrives({ app, withinMs, pauseMs = PAUSE_MS }, env, say) {
  const word = env.CODESTREAM_WRITERS || undefined;
  const d = { app, word, certificates: readCertificates(env, readFile), quote: quoteWithout([word]) };
  const told = new Set();
  const tell = (step) => {
    const [name] = step.split(' (');
    if (!told.has(name)) say(`ok    ${step}`);
    told.add(name);
  };
  for (const end = performance.now() + withinMs; ;) {
    try {
      await useRoom(d, tell);
      return EXIT.arrived;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const isLast = error.isFull || performance.now() + pauseMs > end;
      const isNews = isLast || !told.has(error.message);
      told.add(error.message);
      if (isNews) say(`${error.isFull ? '-    ' : isLast ? 'FAIL ' : '     not yet:'} ${error.message}`);
      if (isLast) return error.isFull ? EXIT.full : EXIT.failed;
      await pause(pauseMs);
    }
  }
}
