// The function app's files as the Functions host sees them, without anybody's local settings.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from './handler.js';

/**
 * A copy of them.
 * @param {Record<string, (json: object) => void>} [edit] changes to its JSON files
 * @returns {Promise<{ root: string, remove: () => Promise<void> }>}
 */
export async function copyApp(edit = {}) {
  const root = await mkdtemp(path.join(os.tmpdir(), 'codestream-app-'));
  for (const part of ['host.json', 'negotiate', 'eventhandler', 'text']) {
    await cp(path.join(ROOT, part), path.join(root, part), { recursive: true });
  }
  for (const [name, change] of Object.entries(edit)) {
    const file = path.join(root, name);
    const json = JSON.parse(await readFile(file, 'utf8'));
    change(json);
    await writeFile(file, JSON.stringify(json));
  }
  return { root, remove: () => rm(root, { recursive: true, force: true }) };
}
