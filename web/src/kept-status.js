// What a viewer's page says of itself while it shows a kept text: never that it is live. Pure.

import { ago } from './kept.js';

/** @typedef {import('./status.js').Status} Status */

/** A connection is mostly there sooner; until then nothing needs to be explained. */
const QUIET_MS = 3_000;

/** @param {number} at */
const timeOf = (at) =>
  new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

/**
 * @param {{ link: import('./status.js').LinkState, viewer: import('./viewer.js').Viewer,
 *   every: number, today: number, now: number }} state  every: how often the text is read, in ms;
 *   today: the time of day
 * @returns {Status | undefined} undefined: what is shown is no kept text, or that matters less
 */
export function keptStatus({ link, viewer, every, today, now }) {
  const { keptAt, session } = viewer;
  if (keptAt === 0 || session.ended || !link.network) return undefined;
  const age = ago(today - keptAt);
  if (link.phase === 'up') {
    if (!viewer.away(now)) return { word: `Text of ${age}`, tone: 'wait' };
    const text =
      `The writer is not connected. This is the last text that was kept, at ${timeOf(keptAt)} ` +
      `(${age}). If they come back, the stream goes on by itself.`;
    return { word: 'Writer away', tone: 'wait', notice: { text } };
  }
  if (link.phase === 'failed') return undefined;
  if (now - link.since < QUIET_MS) return { word: `Text of ${age}`, tone: 'wait' };
  const text =
    `There is no live connection yet. The text is read about every ${Math.round(every / 1_000)} s ` +
    `instead; this one was kept ${age}.`;
  return {
    word: 'Delayed',
    tone: 'wait',
    notice: { text, action: 'retry', label: 'Try now' },
  };
}
