// Whether a release is whole, which is asked before anything is changed in Azure.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Stop } from './errors.mjs';
import { SUMS } from './places.mjs';

const AGAIN = 'Fetch the release again, and unpack all of it.';
const LINE = /^([0-9a-f]{64}) [ *](.+)$/;

/** Each file of the list of sums is there, and is the one that it was. Others may be there as well. */
export async function needWhole(folder) {
  const list = await read(join(folder, SUMS));
  if (!list) throw new Stop(`${folder} is no release: it has no ${SUMS}`);
  const lines = list.toString().split('\n').filter(Boolean);
  if (lines.length === 0) throw new Stop(`${folder} is no release: its ${SUMS} is empty`, AGAIN);
  for (const line of lines) {
    const [, sum, name] = LINE.exec(line) ?? [];
    if (!name) throw new Stop(`${join(folder, SUMS)} is damaged`, AGAIN);
    const content = await read(join(folder, name));
    if (!content) throw new Stop(`${join(folder, name)} is missing`, AGAIN);
    const found = createHash('sha256').update(content).digest('hex');
    if (found !== sum) throw new Stop(`${join(folder, name)} is not the file that the release had`, AGAIN);
  }
}

/** Its bytes; undefined: it is not there. */
async function read(file) {
  try {
    return await readFile(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(error.code)) return undefined;
    throw error;
  }
}
