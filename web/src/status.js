// What the page says about itself: from what link and protocol know to one word, one colour and,
// where something is to be done, one sentence. Pure, so that every state and its wording can be
// tested.

/**
 * @typedef {'ok' | 'wait' | 'bad' | 'off'} Tone
 * @typedef {{ text: string, action?: 'retry' | 'resume' | 'take-back' | 'new-session' |
 *   'word', label?: string }} Notice
 * @typedef {{ word: string, tone: Tone, notice?: Notice }} Status
 * @typedef {object} LinkState
 * @property {'connecting' | 'up' | 'down' | 'failed'} phase
 * @property {number} since   when the phase began
 * @property {boolean} network  what the browser says about the network
 * @property {import('./link.js').Trouble} [trouble]
 */

/**
 * A short break heals by itself; only a longer one deserves a sentence, and at last the word
 * "offline".
 */
const QUIET_MS = 3_000;
const OFFLINE_MS = 12_000;
/** A question is usually answered at once; after this long there is nobody to answer. */
const WAITING_MS = 2_500;

/**
 * @param {LinkState} link
 * @param {number} now
 * @param {string} kept what becomes of the text
 * @param {string} left what becomes of it when the link is given up
 * @returns {Status | undefined}
 */
function linkStatus({ phase, since, network, trouble }, now, kept, left = kept) {
  if (phase === 'up') return undefined;
  if (phase === 'failed') {
    return {
      word: 'Not connected',
      tone: 'bad',
      notice: {
        text: `${reasonOf(trouble)} ${left}`.trim(),
        action: 'new-session',
        label: 'Start a new session',
      },
    };
  }
  const lasting = now - since;
  const retry = /** @type {const} */ ({ action: 'retry', label: 'Try now' });
  if (!network || lasting >= OFFLINE_MS) {
    const what = network
      ? 'The service cannot be reached; trying again.'
      : 'This device has no network.';
    return { word: 'Offline', tone: 'bad', notice: { text: `${what} ${kept}`.trim(), ...retry } };
  }
  const word = phase === 'connecting' ? 'Connecting' : 'Reconnecting';
  if (lasting < QUIET_MS) return { word, tone: 'wait' };
  const what =
    phase === 'connecting'
      ? 'The service does not answer yet; trying again.'
      : 'The connection is lost; it is being made again.';
  return { word, tone: 'wait', notice: { text: `${what} ${kept}`.trim(), ...retry } };
}

/** @param {import('./link.js').Trouble | undefined} trouble */
function reasonOf(trouble) {
  if (trouble?.code === 'Configuration') return trouble.message;
  return trouble
    ? `The function app refused: ${sentence(trouble.message)}`
    : 'The function app refused the request.';
}

/** Does the function app want the owner's word of whoever starts a stream? @param {LinkState} link */
export const wantsWord = ({ phase, trouble }) =>
  phase === 'failed' && trouble?.code === 'WritersWord';

/** @param {string} text */
const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

const DRAFT_KEPT = 'Your text is kept in this browser and sent when the connection is back.';
const DRAFT_LEFT = 'Your text is kept in this browser, and a new session begins with it.';
const DRAFT_NOT_KEPT =
  'This browser keeps no copy: leave the page open. Your text is sent when the connection is back.';
const DRAFT_LOST = 'This browser keeps no copy: copy your text before you start a new session.';

/**
 * @param {{ link: LinkState, writer: import('./writer.js').Writer, takenOver: boolean,
 *   draftKept: boolean, now: number }} state
 * @returns {Status}
 */
export function writerStatus({ link, writer, takenOver, draftKept, now }) {
  if (takenOver) {
    return {
      word: 'Taken over',
      tone: 'off',
      notice: {
        text: 'This session goes on in another tab or elsewhere. Nothing typed here is sent.',
        action: 'take-back',
        label: 'Write here again',
      },
    };
  }
  if (writer.ended && writer.endTold) {
    return {
      word: 'Ended',
      tone: 'off',
      notice: {
        text: 'The session has ended. Viewers keep the last text they saw.',
        action: 'new-session',
        label: 'Start a new session',
      },
    };
  }
  if (wantsWord(link)) {
    return {
      word: 'Not connected',
      tone: 'bad',
      notice: {
        text: 'Whoever starts a stream here has to know a word. Ask the owner of this page for it.',
        action: 'word',
        label: 'Enter the word',
      },
    };
  }
  const [kept, left] = draftKept ? [DRAFT_KEPT, DRAFT_LEFT] : [DRAFT_NOT_KEPT, DRAFT_LOST];
  const down = linkStatus(link, now, kept, left);
  if (down) return down;
  if (writer.paused) {
    return {
      word: 'Paused',
      tone: 'wait',
      notice: {
        text: 'Nothing you type is sent. Viewers see the text from before the pause.',
        action: 'resume',
        label: 'Resume',
      },
    };
  }
  if (writer.problem) {
    return {
      word: 'Not sent',
      tone: 'bad',
      notice: {
        text: `The service refused a message: ${sentence(writer.problem.message)} It goes again.`,
      },
    };
  }
  if (writer.slow(now)) return { word: 'Slow', tone: 'wait' };
  return { word: 'Live', tone: 'ok' };
}

/**
 * @param {{ link: LinkState, viewer: import('./viewer.js').Viewer, now: number }} state
 * @returns {Status}
 */
export function viewerStatus({ link, viewer, now }) {
  const { session } = viewer;
  if (session.ended && viewer.hasText) {
    return {
      word: 'Ended',
      tone: 'off',
      notice: {
        text: 'The writer has ended the session. This is the last text.',
        action: 'new-session',
        label: 'Start your own',
      },
    };
  }
  const down = linkStatus(link, now, viewer.hasText ? 'This may not be the newest text.' : '');
  if (down) return down;
  if (viewer.problem && viewer.needsText) {
    return {
      word: 'Not received',
      tone: 'bad',
      notice: {
        text:
          `The writer could not be asked for the text: ${sentence(viewer.problem.message)} ` +
          'The question goes again by itself.',
      },
    };
  }
  if (!viewer.hasText) {
    const waiting = viewer.writerLeft || now - viewer.joinedAt >= WAITING_MS;
    return waiting
      ? { word: 'Waiting for the writer', tone: 'wait' }
      : { word: 'Connecting', tone: 'wait' };
  }
  if (viewer.away(now)) {
    return {
      word: 'Writer away',
      tone: 'wait',
      notice: {
        text: 'The writer is not connected. The stream goes on by itself when they return.',
      },
    };
  }
  if (viewer.behind) return { word: 'Out of date', tone: 'wait' };
  if (session.paused) return { word: 'Paused', tone: 'wait' };
  return { word: 'Live', tone: 'ok' };
}
