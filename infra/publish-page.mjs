// Prepares the built page for upload: fills in the addresses and sorts the files into one folder
// for each set of headers, because `az storage blob upload-batch` gives the same headers to all
// that it uploads. Knows nothing of types and caches itself: that table is web/site.mjs.
//
//   node infra/publish-page.mjs --dist web/dist --api URL --service URL --out FOLDER
//
// FOLDER/groups.tsv   one line a group: folder, content type, content encoding ('-' for none),
//                     cache header; in the order of upload, the page last, so that it never names
//                     a file that is not there yet
// FOLDER/names.txt    every blob that belongs to the page, one a line: all others are stale
// FOLDER/<group>/…    the files, under the names they have on the website

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { configurePage, siteFile } from '../web/site.mjs';

const PAGE = 'index.html';

/**
 * Which files go up together, in which order.
 *
 * @param {string[]} names  paths inside dist, with forward slashes
 * @returns {{ contentType: string, contentEncoding?: string, cacheControl: string,
 *   names: string[] }[]}
 */
export function planUpload(names) {
  const unknown = names.filter((name) => siteFile(name)?.path !== name);
  if (unknown.length) {
    throw new Error(`web/site.mjs does not say how to serve: ${unknown.join(', ')}`);
  }
  if (!names.includes(PAGE)) throw new Error(`there is no ${PAGE}: build the page first`);
  const groups = new Map();
  for (const name of [...names].sort()) {
    const { contentType, contentEncoding, cacheControl } = siteFile(name);
    const headers = JSON.stringify([contentType, contentEncoding, cacheControl]);
    if (!groups.has(headers)) {
      groups.set(headers, { contentType, contentEncoding, cacheControl, names: [] });
    }
    groups.get(headers).names.push(name);
  }
  const isPage = (group) => Number(group.names.includes(PAGE));
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

async function publish({ dist, api, service, out }) {
  const groups = planUpload(await listFiles(dist));
  for (const [index, group] of groups.entries()) {
    group.folder = `group-${index + 1}`;
    for (const name of group.names) {
      let contents = await readFile(join(dist, name));
      if (name === PAGE) contents = configurePage(contents.toString('utf8'), { api, service });
      const target = join(out, group.folder, name);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, contents);
    }
  }
  const lines = groups.map(({ folder, contentType, contentEncoding, cacheControl }) => (
    [folder, contentType, contentEncoding ?? '-', cacheControl].join('\t')));
  await writeFile(join(out, 'groups.tsv'), `${lines.join('\n')}\n`);
  const names = groups.flatMap((group) => group.names);
  await writeFile(join(out, 'names.txt'), `${names.join('\n')}\n`);
  return { files: names.length, groups: groups.length };
}

async function main() {
  const options = Object.fromEntries(['dist', 'api', 'service', 'out'].map((name) => (
    [name, { type: 'string' }])));
  const { values } = parseArgs({ options });
  for (const name of Object.keys(options)) {
    if (!values[name]) throw new Error(`--${name} is missing`);
  }
  await mkdir(values.out, { recursive: true });
  if ((await readdir(values.out)).length) throw new Error(`--out ${values.out} is not empty`);
  const { files, groups } = await publish(values);
  console.log(`${files} files in ${groups} groups, for ${values.api} and ${values.service}`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error) => {
    console.error(`publish-page.mjs: ${error.message}`);
    process.exitCode = 1;
  });
}
