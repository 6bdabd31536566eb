// What a process has cost so far, as Linux tells it.

import { readFileSync, readdirSync } from 'node:fs';

const TICK_MS = 10; // USER_HZ is 100 everywhere

/** Milliseconds of CPU that the threads of a process have had, of those that still run. */
export function cpuMs(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const ran = (task) => readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0];
  return tasks.reduce((sum, task) => sum + Number(ran(task)), 0) / 1e6;
}

/** Milliseconds of CPU of the whole machine: what was not idle, nor waiting for a disk. */
export function machineCpuMs() {
  const [first] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user, nice, system, , , irq, softirq] = first.split(/ +/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) * TICK_MS;
}

/** Resident memory in KB. */
export function rssKb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}
