// Which version of Codestream the doctor belongs to.
import { readFileSync } from 'node:fs';

/* global VERSION */

/** Bundled, it stands in the bundle. */
export const version =
  typeof VERSION === 'string' ? VERSION : readFileSync(new URL('../../VERSION', import.meta.url), 'utf8').trim();
