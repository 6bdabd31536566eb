// What a process takes of the machine, as Linux tells it.
import { readdir, readFile } from 'node:fs/promises';

/** @returns {Promise<{ rssKb: number, descriptors: number, threads: number }>} */
export async function usage(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const number = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
  const descriptors = (await readdir(`/proc/${pid}/fd`)).length;
  return { rssKb: number('VmRSS'), descriptors, threads: number('Threads') };
}

/** The smallest of each over some time: what is taken even in the quietest moment. */
export async function leastUsage(pid, ms, everyMs = 200) {
  const least = await usage(pid);
  for (const end = Date.now() + ms; Date.now() < end;) {
    await new Promise((resolve) => {
      setTimeout(resolve, everyMs);
    });
    const now = await usage(pid);
    for (const name of Object.keys(least)) least[name] = Math.min(least[name], now[name]);
  }
  return least;
}
