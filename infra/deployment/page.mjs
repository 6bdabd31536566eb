// The page on the static website of a storage account: its addresses are filled in, files with the
// same headers go up together, because `az storage blob upload-batch` gives the same headers to all
// that it uploads, index.html last, so that it never names a file that is not there yet; and what
// has not been part of the page for a day goes. Knows nothing of types and caches itself: that table
// is web/site.mjs.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { pageBytes, siteFile } from '../../web/site.mjs';
import { Stop } from './errors.mjs';
import { asList } from './pages.mjs';
import { INDEX, PATIENCE_MS, seeWebsite, switchWebsiteOn } from './website.mjs';

const CONTAINER = '$web';
/** Beside the page: since when which file is no longer part of it. */
const FORMER = 'former.json';
/** So long such a file stays at least: pages that are open since before still load parts of theirs. */
const FORMER_MS = 24 * 3_600_000;
const UPLOAD_MS = 10 * 60_000;

/**
 * Which files go up together, in which order.
 *
 * @param {string[]} names  paths inside dist, with forward slashes
 * @returns {{ contentType: string, contentEncoding: string, cacheControl: string,
 *   names: string[] }[]}
 */
export function planUpload(names) {
  const unknown = names.filter((name) => siteFile(name)?.path !== name);
  if (unknown.length) {
    throw new Stop(`web/site.mjs does not say how to serve: ${unknown.join(', ')}`);
  }
  if (!names.includes(INDEX)) throw new Stop(`there is no ${INDEX}: build the page first`);
  const groups = new Map();
  for (const name of [...names].sort()) {
    const { contentType, contentEncoding, cacheControl } = siteFile(name);
    const headers = JSON.stringify([contentType, contentEncoding, cacheControl]);
    if (!groups.has(headers)) {
      groups.set(headers, { contentType, contentEncoding, cacheControl, names: [] });
    }
    groups.get(headers).names.push(name);
  }
  const isPage = (group) => Number(group.names.includes(INDEX));
  return [...groups.values()].sort((a, b) => isPage(a) - isPage(b));
}

/** Paths of all files under a folder, with forward slashes, sorted. */
export async function listFiles(folder) {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) found.push(entry.name);
    else for (const inside of await listFiles(path)) found.push(`${entry.name}/${inside}`);
  }
  return found.sort();
}

/** Copies each group into a folder of its own below `out`, the page with its addresses filled in. */
export async function prepare({ dist, out, api, service, keepDays }) {
  const groups = planUpload(await listFiles(dist));
  for (const [index, group] of groups.entries()) {
    group.folder = join(out, `group-${index + 1}`);
    for (const name of group.names) {
      const target = join(group.folder, name);
      await mkdir(dirname(target), { recursive: true });
      if (name !== INDEX) await cp(join(dist, name), target);
      else
        await writeFile(
          target,
          pageBytes(await readFile(join(dist, name), 'utf8'), { api, service, keepDays }),
        );
    }
  }
  return groups;
}

/**
 * @param {{ az: object, person: object }} d
 * @param {{ dist: string, api: string, service: string, account?: string, group?: string, page?: string,
 *   keepDays?: number }} what  account: else az finds it, and the right to it, in its own environment
 *   variables; group: of the account; page: its address
 */
export async function publishPage(d, { dist, api, service, account, group, page, keepDays }) {
  const out = await mkdtemp(join(tmpdir(), 'codestream-page-'));
  d.folders?.add(out);
  try {
    const groups = await prepare({ dist, out, api, service, keepDays });
    const where = account ? ['--account-name', account, '--auth-mode', 'login'] : [];
    const site = { where, account, group, page };
    const ways = await switchWebsiteOn(d, site);
    for (const one of groups) await uploadGroup(d, where, one);
    await seeWebsite(d, site, ways);
    await removeFormer(d, where, new Set(groups.flatMap(({ names }) => names)), out);
    return groups.flatMap(({ names }) => names).length;
  } finally {
    await rm(out, { recursive: true, force: true });
    d.folders?.delete(out);
  }
}

function uploadGroup(d, where, { folder, contentType, contentEncoding, cacheControl, names }) {
  return d.az.act(
    [
      'storage',
      'blob',
      'upload-batch',
      '--destination',
      CONTAINER,
      '--source',
      folder,
      '--overwrite',
      'true',
      '--content-type',
      contentType,
      '--content-cache-control',
      cacheControl,
      ...(contentEncoding ? ['--content-encoding', contentEncoding] : []),
      '--no-progress',
      ...where,
    ],
    { what: `the upload of ${names.length} files`, ms: UPLOAD_MS, patienceMs: PATIENCE_MS },
  );
}

/**
 * Which files go now, and since when each of the others is no longer part of the page. Pure.
 *
 * @param {{ present: string[], current: Set<string>, former: Record<string, number>, now: number }}
 *   files  former: the list that the run before has left; times are milliseconds since 1970
 * @returns {{ kept: Record<string, number>, gone: string[] }}
 */
export function planFormer({ present, current, former, now }) {
  const kept = {};
  const gone = [];
  for (const name of present.filter((one) => !current.has(one) && one !== FORMER)) {
    // A time to come is the mistake of a clock, and would keep the file for longer than a day.
    const since = Math.min(former[name] ?? now, now);
    if (now - since >= FORMER_MS) gone.push(name);
    else kept[name] = since;
  }
  return { kept, gone };
}

/** What a list says that another run has left; of one that is damaged, nothing: files stay longer. */
export function readFormer(text) {
  try {
    const since = Object.entries(JSON.parse(text).since);
    return Object.fromEntries(since.filter(([, time]) => Number.isFinite(time)));
  } catch {
    return {};
  }
}

async function removeFormer(d, where, current, out) {
  const dry = [{ name: '<each file that has not been part of the page for a day>' }];
  const list = ['storage', 'blob', 'list', '--container-name', CONTAINER, '--num-results', '*'];
  const listed = await d.az.read([...list, '--query', '[].{name: name}', ...where], {
    what: 'the list of files',
    patienceMs: PATIENCE_MS,
    dry,
  });
  const present = asList(listed, 'the list of files').map(({ name }) => name);
  const former = present.includes(FORMER) ? await downloadFormer(d, where, out) : {};
  const { kept, gone } = planFormer({ present, current, former, now: d.clock.today() });
  // Before anything is removed: a run that is ended in between forgets no file.
  if (!isDeepStrictEqual(kept, former)) await uploadFormer(d, where, out, kept);
  for (const name of d.person.isDryRun ? present : gone) {
    await d.az
      .act(['storage', 'blob', 'delete', '--container-name', CONTAINER, '--name', name, ...where], {
        what: `${name} to be removed`,
      })
      .catch((error) => {
        if (error.kind !== 'missing') throw error; // gone already
      });
  }
}

async function downloadFormer(d, where, out) {
  const file = join(out, 'read.json');
  const blob = ['--container-name', CONTAINER, '--name', FORMER, '--file', file];
  await d.az.act(['storage', 'blob', 'download', ...blob, '--no-progress', ...where], {
    what: 'the list of former files',
    patienceMs: PATIENCE_MS,
  });
  return readFormer(await readFile(file, 'utf8'));
}

async function uploadFormer(d, where, out, since) {
  const folder = join(out, 'former');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, FORMER), JSON.stringify({ since }));
  const headers = { contentType: 'application/json; charset=utf-8', cacheControl: 'no-store' };
  await uploadGroup(d, where, { folder, names: [FORMER], ...headers });
}
