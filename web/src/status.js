// What the page says about itself: link and protocol state become one word, one colour and, where
// something can be done, one sentence. Pure, so that every state and its wording can be tested.

import { FLUSH_MS, MAX_TEXT } from './protocol.js';

/**
 * @typedef {'ok' | 'wait' | 'bad' | 'off'} Tone
 * @typedef {{ text: string, action?: 'retry' | 'resume' | 'take-back' | 'new-session' | 'drop' |
 *   'word' | 'reload' | 'write', label?: string }} Notice
 * @typedef {{ word: string, tone: Tone, notice?: Notice }} Status
 * @typedef {object} LinkState
 * @property {'connecting' | 'up' | 'down' | 'failed'} phase
 * @property {number} since   when the phase began
 * @property {boolean} network  what the browser says about the network
 * @property {import('./link.js').Trouble} [trouble]
 */

/** A short break ends by itself; a longer one gets a sentence, and at last the word "offline". */
const QUIET_MS = 3_000;
const OFFLINE_MS = 12_000;
/** A writer answers at once; after this long without an answer there is none. */
const WAITING_MS = 2_500;
/** Whoever has waited so long may have come after the end, or with an old link. */
const NOBODY_MS = 10_000;
export const WAITING = 'Waiting for the writer';
const NOBODY =
  'Nobody is writing here now. If the writer comes back, the text appears by itself. ' +
  'If not, ask for a new link.';

/** Codes of troubles in which nobody has answered. */
const UNREACHED = ['Unreachable', 'Disconnected', 'Unanswered', 'Timeout'];

/** The function app's own word for it, and what its host answers in its place. */
const BUSY = ['Busy', 'Http429', 'Http503'];

/** @type {Partial<Notice>} */
const RETRY = { action: 'retry', label: 'Try now' };
/** @type {Partial<Notice>} */
const NEW_SESSION = { action: 'new-session', label: 'Start a new session' };
/** @type {Partial<Notice>} */
const OWN_SESSION = { action: 'new-session', label: 'Start your own' };

/**
 * @param {string} word @param {Tone} tone @param {string} text @param {Partial<Notice>} [action]
 * @returns {Status}
 */
const withNotice = (word, tone, text, action) => ({ word, tone, notice: { text, ...action } });

/**
 * @param {LinkState} link
 * @param {number} now
 * @param {{ kept: string, left: string, action: Partial<Notice> }} words  what happens to the text;
 *   and, when the connection is given up, what happens to it then, and what can be done
 * @returns {Status | undefined}
 */
function linkStatus({ phase, since, network, trouble }, now, { kept, left, action }) {
  if (phase === 'up') return undefined;
  if (phase === 'failed')
    return withNotice('Not connected', 'bad', `${reasonOf(trouble)} ${left}`.trim(), action);
  const lasting = now - since;
  const first = phase === 'connecting';
  const answer = network ? answerOf(trouble) : undefined;
  if (!answer && (!network || lasting >= OFFLINE_MS)) {
    const what = network
      ? 'The service cannot be reached; trying again.'
      : 'This device has no network.';
    return withNotice('Offline', 'bad', `${what} ${kept}`.trim(), RETRY);
  }
  const word = answer?.word ?? (first ? 'Connecting' : 'Reconnecting');
  if (lasting < QUIET_MS) return { word, tone: 'wait' };
  const silence = first
    ? 'The service does not answer yet; trying again.'
    : 'The connection is lost; it is being made again.';
  const what = answer?.text ?? silence;
  return withNotice(word, 'wait', `${what} ${kept}`.trim(), RETRY);
}

/**
 * A function app that answers is not one that cannot be reached.
 * @param {import('./link.js').Trouble | undefined} trouble
 * @returns {{ text: string, word?: string } | undefined}
 */
function answerOf(trouble) {
  if (!trouble || UNREACHED.includes(trouble.code)) return undefined;
  if (BUSY.includes(trouble.code))
    return { word: 'Busy', text: 'The service is busy; the page tries again by itself.' };
  return { text: `The service answered: ${sentence(trouble.message)} The page tries again by itself.` };
}

/** @param {import('./link.js').Trouble | undefined} trouble */
function reasonOf(trouble) {
  if (trouble?.code === 'Configuration') return trouble.message;
  return trouble
    ? `The function app refused: ${sentence(trouble.message)}`
    : 'The function app refused the request.';
}

/** The function app wants the owner's word before it opens a room. @param {LinkState} link */
export const wantsWord = ({ phase, trouble }) =>
  phase === 'failed' && trouble?.code === 'WritersWord';

/** @param {string} text */
const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

const DRAFT_KEPT = 'Your text is kept in this browser and sent when the connection is back.';
const DRAFT_LEFT = 'Your text is kept in this browser, and a new session begins with it.';
const DRAFT_NOT_KEPT =
  'This browser keeps no copy: leave the page open. Your text is sent when the connection is back.';
const NOT_KEPT =
  'This browser keeps no copy: close or reload this page only after downloading the text.';
const DRAFT_LOST = 'This browser keeps no copy: copy your text before you start a new session.';

/**
 * @param {{ link: LinkState, writer: import('./writer.js').Writer, takenOver: boolean,
 *   draftKept: boolean, now: number }} state
 * @returns {Status}
 */
export function writerStatus({ link, writer, takenOver, draftKept, now }) {
  if (takenOver)
    return withNotice(
      'Taken over',
      'off',
      'This session goes on in another tab or elsewhere. Nothing typed here is sent.',
      { action: 'take-back', label: 'Write here again' },
    );
  if (writer.ended && writer.endTold)
    return withNotice(
      'Ended',
      'off',
      'The session has ended. Viewers keep the last text they saw.',
      NEW_SESSION,
    );
  if (wantsWord(link))
    return withNotice(
      'Not connected',
      'bad',
      'Starting a stream here needs a word. Ask the owner of this page for it.',
      { action: 'word', label: 'Enter the word' },
    );
  const [kept, left] = draftKept ? [DRAFT_KEPT, DRAFT_LEFT] : [DRAFT_NOT_KEPT, DRAFT_LOST];
  const down = linkStatus(link, now, { kept, left, action: NEW_SESSION });
  if (down) return down;
  const status = upStatus(writer, now);
  return draftKept ? status : { ...status, notice: alsoNotKept(status.notice) };
}

/** @param {Notice} [notice] @returns {Notice} */
const alsoNotKept = (notice) => ({ ...notice, text: `${notice?.text ?? ''} ${NOT_KEPT}`.trim() });

/** @param {import('./writer.js').Writer} writer @param {number} now @returns {Status} */
function upStatus(writer, now) {
  if (writer.paused)
    return withNotice(
      'Paused',
      'wait',
      'Nothing you type is sent. Viewers see the text from before the pause.',
      { action: 'resume', label: 'Resume' },
    );
  if (writer.problem)
    return withNotice(
      'Not sent',
      'bad',
      `The service refused a message: ${sentence(writer.problem.message)} It is sent again.`,
    );
  if (writer.flights.slow(now)) return { word: 'Slow', tone: 'wait' };
  return liveStatus(writer.pace);
}

/** A greater number of viewers is not known exactly, and told more seldom. */
const EXACT = 500;

/** @param {number} viewers */
export function countText(viewers) {
  if (viewers <= EXACT) return String(viewers);
  const step = 10 ** Math.max(1, String(viewers).length - 3);
  return `about ${(Math.round(viewers / step) * step).toLocaleString('en')}`;
}

/**
 * Live, and how often something arrives if that is more seldom than usual.
 * @param {number} pace
 */
function liveStatus(pace) {
  const seconds = (pace / 1_000).toFixed(1);
  const word = pace > FLUSH_MS ? `Live, every ${seconds} s` : 'Live';
  return /** @type {Status} */ ({ word, tone: 'ok' });
}

/**
 * Said in passing when the page begins with an earlier session.
 * @param {{ at: number, room: string }} session
 * @returns {Notice}
 */
export function resumedNotice({ at, room }) {
  const time = new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return {
    text: `This is your session of ${time}, with its text${room && ' and its link'}.`,
    action: 'new-session',
    label: 'Start a new session',
  };
}

/**
 * Said in passing when the page begins with a session whose colours the browser did not survive.
 * @returns {Notice}
 */
export const plainNotice = () => ({
  text:
    'The page stopped when it last opened this text, so it opens as plain text. ' +
    'Its language can be chosen again above.',
});

/** @type {Partial<Notice>} */
const RELOAD = { action: 'reload', label: 'Reload' };
/** Said when a part of the page did not arrive, or not yet. @type {Record<'failed' | 'late', Notice>} */
const LACKING = {
  failed: { text: 'A part of this page could not be loaded. Reload the page to try again.', ...RELOAD },
  late: {
    text: 'A part of this page has not arrived yet. The page waits for it; reloading may help.',
    ...RELOAD,
  },
};

/** @param {import('./again.js').Lack} lack */
export const partNotice = (lack) => lack && LACKING[lack];

/** Said while a language has no colours because they have not arrived. @type {Notice} */
export const NO_COLOURS = {
  text:
    'The colours of this language could not be loaded. The text is whole, and the page tries ' +
    'again by itself.',
  ...RELOAD,
};

/** Said in passing when somebody asks for the text to be saved. @param {boolean} kept */
export const savedNotice = (kept) => (kept ? 'The text is kept in this browser.' : NOT_KEPT);

/** Said in passing when an edit is refused. */
export const TOO_LARGE =
  `A session holds at most ${MAX_TEXT / 1024} KiB, and the text would be larger than that. ` +
  'The last change was undone; everything else goes on.';

/**
 * @param {{ link: LinkState, viewer: import('./viewer.js').Viewer, now: number, pen?: boolean,
 *   past?: boolean }} state  pen: the page was opened with a writer's link; past: an earlier text is
 *   on the screen
 * @returns {Status}
 */
export function viewerStatus({ pen = false, past = false, ...state }) {
  const newest = watchingStatus(state);
  const status = past ? pastStatus(newest, state.viewer.session.ended) : newest;
  return pen && mayTakePen(status, state) ? { ...status, notice: penNotice(status) } : status;
}

/**
 * Whoever takes the pen goes on with the text that is here, so it must be the writer's, unless
 * nobody could give a newer one.
 * @param {Status} status
 * @param {{ link: LinkState, viewer: import('./viewer.js').Viewer, now: number }} state
 */
function mayTakePen({ word }, { link, viewer, now }) {
  if (link.phase !== 'up' || viewer.session.ended) return false;
  return word === WAITING || viewer.away(now) || !viewer.needsText;
}

/** @param {Status} status @returns {Notice} */
const penNotice = ({ notice }) => ({
  text: `${notice?.text ?? ''} With this link you may write here; whoever writes now then stops.`.trim(),
  action: 'write',
  label: 'Write here',
});

/**
 * However things are behind it, a past text is not what is being written now.
 * @param {Status} newest @param {boolean} ended @returns {Status}
 */
function pastStatus({ notice }, ended) {
  const text = 'The writer has ended the session. This is an earlier text, not the last one.';
  return { word: 'Rewound', tone: 'off', notice: ended ? { ...notice, text } : notice };
}

/**
 * @param {{ link: LinkState, viewer: import('./viewer.js').Viewer, now: number }} state
 * @returns {Status}
 */
function watchingStatus({ link, viewer, now }) {
  const { session } = viewer;
  if (session.ended && viewer.hasText)
    return withNotice(
      'Ended',
      'off',
      'The writer has ended the session. This is the last text.',
      OWN_SESSION,
    );
  const kept = viewer.hasText ? 'This may not be the newest text.' : '';
  const down = linkStatus(link, now, { kept, left: kept, action: OWN_SESSION });
  if (down) return down;
  if (viewer.problem && viewer.needsText)
    return withNotice(
      'Not received',
      'bad',
      `The writer could not be asked for the text: ${sentence(viewer.problem.message)} ` +
        'The page asks again by itself.',
    );
  if (!viewer.hasText) {
    const waited = now - viewer.joinedAt;
    if (waited >= NOBODY_MS) return withNotice(WAITING, 'wait', NOBODY, OWN_SESSION);
    const waiting = viewer.writerLeft || waited >= WAITING_MS;
    return { word: waiting ? WAITING : 'Connecting', tone: 'wait' };
  }
  if (viewer.away(now))
    return withNotice(
      'Writer away',
      'wait',
      'The writer is not connected. The stream goes on by itself when they return.',
    );
  if (viewer.behind) return { word: 'Out of date', tone: 'wait' };
  if (session.paused) return { word: 'Paused', tone: 'wait' };
  return liveStatus(session.pace);
}

/**
 * What somebody should know before a recording is downloaded.
 * @param {boolean} isWhole  false: its oldest moments have been evicted
 */
export function recordingQuestion(isWhole) {
  const what = isWhole
    ? 'The recording has everything that was on this page since it was opened,'
    : 'This page has had more than a recording holds, and its beginning is gone. The rest is in it,';
  return `${what} also what was deleted since. Download it?`;
}
