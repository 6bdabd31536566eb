// What has been used so far, as Linux tells it: processor time of a process and of the machine,
// and memory.
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ is that everywhere

/** Processor time of a process in seconds: of those of its threads that still run. */
export function cpuSecondsOf(pid) {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce((sum, id) => sum + threadSeconds(`${tasks}/${id}`), 0);
}

/** Nanoseconds where the kernel counts them, else ticks; a thread may end meanwhile. */
function threadSeconds(task) {
  try {
    return Number(readFileSync(`${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
  } catch {
    return threadTicks(task) / TICKS_PER_SECOND;
  }
}

function threadTicks(task) {
  try {
    const fields = readFileSync(`${task}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}

/** Processor time of the whole machine in seconds: neither idle nor waiting for a disk. */
export function machineCpuSeconds() {
  const [first] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user, nice, system, , , irq, softirq] = first.split(/ +/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** Memory that a process occupies, in bytes. */
export function rssBytesOf(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kilobytes) * 1024;
}
