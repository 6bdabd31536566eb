// Whether a release is whole, which is asked before anything is changed in Azure.
import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { isAbsolute, join, normalize, sep } from 'node:path';

import { Stop } from './errors.mjs';
import { listFiles } from './page.mjs';
import { ROOT, SUMS } from './places.mjs';

const AGAIN = 'Fetch the release again, and unpack all of it into an empty folder.';
const LINE = /^([0-9a-f]{64}) [ *](.+)$/;

/** Without one of each line there is nothing to deploy. */
const NEEDED = [
  ['VERSION'], ['codestream.zip'], ['check.cjs'], ['page/index.html'],
  ['infra/main.json', 'infra/main.bicep'], ['infra/hub.json', 'infra/hub.bicep'],
];
/** Everything in these is deployed, or may be taken in the place of something else. */
const TAKEN = ['infra', 'page'];

/** Each file that is deployed is listed, and each that is listed is the one that it was. */
export async function needWhole(folder) {
  const sums = await readSums(folder);
  for (const names of NEEDED) {
    if (!names.some((name) => sums.has(name))) throw new Stop(`${join(folder, SUMS)} does not list ${names[0]}`, AGAIN);
  }
  for (const [name, sum] of sums) await needSame(join(folder, name), sum);
  for (const part of TAKEN) {
    for (const name of await listFiles(join(folder, part))) {
      if (!sums.has(`${part}/${name}`)) throw new Stop(`${join(folder, part, name)} is none of the release's files`, AGAIN);
    }
  }
  await needSameVersion(folder);
}

/** What one version tells its templates, those of another one need not understand. */
async function needSameVersion(folder) {
  const [theirs, ours] = await Promise.all([folder, ROOT].map(async (at) => String(await readFile(join(at, 'VERSION'))).trim()));
  if (theirs === ours) return;
  throw new Stop(`${folder} is version ${theirs}, and this program is of ${ours}`, `Use its own: ${join(folder, 'infra/deploy.mjs')}`);
}

/** The sum of each file, by its name as the list has it. */
async function readSums(folder) {
  const file = join(folder, SUMS);
  if (await kindOf(folder) === 'file') throw new Stop(`${folder} is a file`, 'Unpack it, and name the folder that this makes.');
  const list = await kindOf(file) === 'file' ? String(await readFile(file)) : undefined;
  if (list === undefined) throw new Stop(`${folder} is no release: it has no ${SUMS}`);
  const lines = list.split(/\r?\n/).filter(Boolean);
  if (lines.length === 0) throw new Stop(`${folder} is no release: its ${SUMS} is empty`, AGAIN);
  const sums = lines.map((line) => LINE.exec(line)?.slice(1).reverse());
  const leadsOut = (name) => isAbsolute(name) || normalize(name).split(sep)[0] === '..';
  if (!list.endsWith('\n') || sums.some((found) => !found || leadsOut(found[0]))) throw new Stop(`${file} is damaged`, AGAIN);
  return new Map(sums);
}

async function needSame(file, sum) {
  const kind = await kindOf(file);
  if (kind !== 'file') throw new Stop(`${file} is ${kind ? 'no file' : 'missing'}`, AGAIN);
  const found = createHash('sha256').update(await readFile(file)).digest('hex');
  if (found !== sum) throw new Stop(`${file} is not the file that the release had`, AGAIN);
}

/** What is there itself, and not what a link leads to. undefined: nothing. */
async function kindOf(file) {
  try {
    return (await lstat(file)).isFile() ? 'file' : 'other';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(error.code)) return undefined;
    throw error;
  }
}
