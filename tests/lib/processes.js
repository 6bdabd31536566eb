// Processes that are not our children, as /proc knows them.
import { readFileSync } from 'node:fs';
import { eventually } from './deadline.js';

/** Has it ended? One that nobody has taken notice of yet has. */
export function isGone(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return true;
  }
}

/** Resolves with the process that one has started, once it has. */
export function childOf(pid, ms = 15_000) {
  const file = `/proc/${pid}/task/${pid}/children`;
  return eventually(ms, () => Number(readFileSync(file, 'utf8').split(' ')[0]), 'a child');
}
