// Waiting for what happens in Azure: by looking again and again, with a limit, and saying so.

const POLL_MS = 5000;
const NOTE_MS = 30_000;

/**
 * Looks until there is something to see, and returns it; undefined when the limit is over.
 *
 * @param {{ clock: object, person: object }} d
 * @param {{ what: string, limitMs: number }} wait  what: what is waited for, in words
 * @param {(waitedMs: number) => Promise<unknown>} look  undefined: there is nothing yet
 */
export async function poll(d, { what, limitMs }, look) {
  const begun = d.clock.now();
  for (let noted = begun; ;) {
    const waited = d.clock.now() - begun;
    const seen = await look(waited);
    if (seen !== undefined) return seen;
    if (waited > limitMs) return undefined;
    if (d.clock.now() - noted >= NOTE_MS) {
      noted = d.clock.now();
      d.person.say(`  waiting for ${what} (${Math.round((noted - begun) / 1000)} s)`);
    }
    await d.clock.sleep(POLL_MS);
  }
}

export const seconds = (ms) => `${Math.round(ms / 1000)} s`;
