// Another clock, another resolver: a few functions of the C library as a test wants them, for a
// program that is started with them in LD_PRELOAD. Sanitizers want to be first there, so it has to
// be the release build.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './handler.js';

/**
 * @param {string} name of a source in tests/lib/preload
 * @returns {Promise<{ env: { LD_PRELOAD: string }, remove: () => Promise<void> }>}
 */
export async function buildPreload(name) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'codestream-preload-'));
  const library = path.join(folder, `${name}.so`);
  const source = path.join(ROOT, 'tests/lib/preload', `${name}.c`);
  await promisify(execFile)('gcc', ['-shared', '-fPIC', '-o', library, source]);
  return {
    env: { LD_PRELOAD: library },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
