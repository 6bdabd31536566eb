// The machine of a run: what it is, and two of its cores, of which every program gets the same.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';

const CORES = 2;

/** The cores of a list like 0-3,8. */
export function parseCores(list) {
  return list.trim().split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/**
 * Keeps this process and all that it starts to two cores, the smallest machine in question: with
 * more, servers of one thread would be compared with servers of many.
 */
export function useTwoCores() {
  const [, list] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const cores = parseCores(list);
  if (cores.length > CORES) {
    execFileSync('taskset', ['-a', '-p', '-c', cores.slice(0, CORES).join(','), `${process.pid}`],
      { stdio: 'ignore' });
  }
  return Math.min(cores.length, CORES);
}

/** How many files a process may have open. */
export function maxFiles() {
  const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return soft === 'unlimited' ? Infinity : Number(soft);
}

function system() {
  if (!existsSync('/etc/os-release')) return os.type();
  const [, name] = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? [];
  return name ?? os.type();
}

/** The first line of what a program says to `args`; '' if it is not there. */
export function firstLine(command, ...args) {
  try {
    const text = execFileSync(command, args, {
      encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 5000,
    });
    return text.split('\n')[0];
  } catch {
    return '';
  }
}

/** Of what is measured: the commit, and whether more than it is there. */
const commit = () => firstLine('git', 'describe', '--always', '--dirty') || 'of no commit';

export function describeMachine() {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? os.arch(),
    cores: os.cpus().length,
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    system: system(),
    kernel: os.release(),
    node: process.version,
    commit: commit(),
    loadBefore: os.loadavg()[0],
  };
}
