// The writer's page: an editor whose text is kept in the browser and streamed to the room.

import { Editor } from './editor.js';
import { downloadText, embedCode, onFile } from './files.js';
import { languageOf, languageOfFile } from './languages.js';
import { applyTheme, setUpLook } from './look.js';
import { MAX_TEXT, ROLL_CALL_EVERY_MS, cleanName } from './protocol.js';
import { connectWriter } from './roles.js';
import { wantsWord, writerStatus } from './status.js';
import {
  dropUnnamed,
  forgetTab,
  lastSession,
  onOtherTab,
  outrank,
  pruneSessions,
  saveSession,
} from './store.js';
import { now } from './ticker.js';
import { WordForm } from './word-form.js';
import { Word } from './word.js';
import { Writer } from './writer.js';

/**
 * The draft is written this long after a change, so that typing does not write it with each key.
 */
const SAVE_MS = 400;
/** How far the clocks of one writer's machines may differ. */
const MAX_CLOCK_SKEW_MS = 24 * 60 * 60 * 1000;
/** A word in passing stays on the screen this long. */
const PASSING_MS = 8_000;

/**
 * @param {import('./connection.js').BackEnd} backEnd
 * @param {import('./page.js').Page} page
 */
export function startWriting(backEnd, page) {
  page.setRole('writer');
  pruneSessions(Date.now());
  const kept = lastSession(Date.now());
  const epoch = Math.max(Date.now(), (kept?.epoch ?? 0) + 1);
  const { text = '', language = 'plaintext', name = '', known } = kept ?? {};
  const writer = new Writer({
    epoch,
    maxEpoch: epoch + MAX_CLOCK_SKEW_MS,
    text,
    language,
    name,
    known,
    // The native endpoint tells nobody that a viewer has left.
    rollCallEvery: backEnd.transport === 'native' ? ROLL_CALL_EVERY_MS : undefined,
  });
  const session = { room: kept?.room ?? '', key: kept?.key ?? '' };
  let takenOver = false;
  let rivalEpoch = 0;
  /** The next page of this tab is to begin with what was saved last. */
  let leaving = false;

  const editor = new Editor(/** @type {HTMLElement} */ (document.getElementById('editor')), {
    text: writer.text,
    language: writer.language,
    readOnly: false,
    label: 'Your text, streamed to the viewers. Press Control M to let Tab leave the editor.',
    theme: applyTheme(),
    placeholder: 'Type here. Everybody with the link sees it live.',
    readOnlyMessage: 'Nothing can be written here now; the line above says why.',
  });

  // ---- keeping the draft ----

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let saving;
  let draftKept = true;
  /** @returns {import('./store.js').SessionRecord} */
  const record = () => {
    const known = writer.paused ? writer.known : undefined;
    return { ...session, ...pick(writer), known, at: Date.now() };
  };
  const save = () => {
    clearTimeout(saving);
    saving = undefined;
    if (takenOver || leaving) return;
    draftKept = saveSession(record());
  };
  const saveSoon = () => {
    saving ??= setTimeout(save, SAVE_MS);
  };
  addEventListener('pagehide', save);
  addEventListener('blur', save);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) save();
  });

  // ---- the connection ----

  /**
   * What is said for a moment only.
   * @type {{ notice: import('./status.js').Status['notice'], until: number }}
   */
  let passing = { notice: undefined, until: 0 };
  if (kept && kept.text !== '')
    passing = { notice: resumedNotice(kept), until: now() + PASSING_MS };

  const form = new WordForm(() => editor.focus());
  const word = new Word(backEnd.api, form, () => connection.retry());

  const show = () => {
    const link = connection.state;
    if (wantsWord(link)) word.refused(link.trouble);
    const status = writerStatus({ link, writer, takenOver, draftKept, now: now() });
    // Which session this is matters less than why it goes nowhere.
    if (link.phase === 'failed' && passing.notice?.action) passing.until = 0;
    page.showStatus(now() < passing.until ? { ...status, notice: passing.notice } : status);
    page.showViewers(connection.state.phase === 'up' && !takenOver ? writer.viewers : undefined);
    page.setLabel('pause', writer.paused ? 'Resume the stream' : 'Pause the stream');
    page.enable('pause', !writer.ended && !takenOver);
    page.enable('end', !writer.ended && !takenOver);
  };

  const connection = connectWriter(writer, {
    backEnd,
    session,
    show,
    word: () => word.word,
    onTicket: ({ room_id: room, writer_key: key }) => {
      word.accepted();
      Object.assign(session, { room, key: key ?? session.key });
      dropUnnamed();
      save();
      page.showLink(link());
    },
    onRival: (epoch) => yieldPen(epoch),
  });

  /**
   * A newer writer of this room is there: this one stops, and must not write over the other's
   * draft. The clocks of two machines differ: who takes the pen back must be newer than this epoch.
   * @param {number} [epoch]
   */
  const yieldPen = (epoch = 0) => {
    rivalEpoch = Math.max(rivalEpoch, epoch);
    if (takenOver) return;
    save();
    takenOver = true;
    connection.stop();
    writer.leave();
    // What could neither be sent nor kept must not be typed.
    showSession();
    show();
  };
  onOtherTab((record) => {
    if (record.room === session.room && record.epoch > writer.epoch) yieldPen(record.epoch);
  });

  // ---- the editor ----

  const say = (/** @type {string} */ text) => {
    passing = { notice: { text }, until: now() + PASSING_MS };
    connection.step();
  };
  const tooLarge =
    `A session holds at most ${MAX_TEXT / 1024} KiB, and the text would be larger than that. ` +
    'The last change was not taken over; everything else goes on.';

  editor.onEdit(
    (ops) => {
      const taken = writer.edit(ops);
      if (taken) saveSoon();
      else say(tooLarge);
      connection.step();
      return taken;
    },
    () => writer.text,
  );
  editor.onLook(() => {
    writer.look(editor.look());
    connection.step();
  });

  const change = (/** @type {Parameters<Writer['set']>[0]} */ part) => {
    writer.set(part);
    showSession();
    save();
    connection.step();
  };
  const showSession = () => {
    page.showSession(writer.language, writer.name);
    editor.setLanguage(languageOf(writer.language).id);
    editor.setReadOnly(writer.ended || takenOver);
  };

  // ---- bar and menu ----

  // Writer and viewers must meet on the same transport.
  const query = backEnd.transport ? `?transport=${encodeURIComponent(backEnd.transport)}` : '';
  const link = () => `${location.origin}${location.pathname}${query}#${session.room}`;
  page.onCopy('copy-link', link, () =>
    say(`The browser did not copy. This is the link: ${link()}`),
  );
  page.onCopy('copy-text', () => writer.text);
  page.onCopy('copy-embed', () => embedCode(link()));
  page.onLanguage((language) => change({ language }));
  page.onPress('pause', () => change({ paused: !writer.paused }));
  page.onPress('end', () => {
    if (confirm('End the session for everybody?')) change({ ended: true, paused: false });
  });
  const newSession = () => {
    // Where nobody will ever see this one, its text goes on in the new one.
    const refused = connection.state.phase === 'failed' && !writer.ended;
    save();
    const losing = writer.text !== '' && !writer.ended && !(refused && draftKept);
    if (
      losing &&
      !confirm('Start a new session? This one is left behind, with its text and its link.')
    )
      return;
    leaving = true;
    forgetTab();
    if (refused) saveSession({ ...record(), room: '', key: '' });
    location.reload();
  };
  page.onPress('new-session', newSession);
  page.onPress('forget-word', () => {
    word.forget();
    say('This browser has forgotten the word. This stream goes on without it.');
  });
  page.onFocusLost = () => editor.focus();
  page.onPress('download', () => downloadText(writer.text, writer.name, writer.language));
  page.onAction = (action) => {
    if (action === 'resume') change({ paused: false });
    else if (action === 'retry') connection.retry();
    else if (action === 'word') word.ask();
    else if (action === 'new-session') newSession();
    else if (action === 'take-back') {
      outrank(session.room, rivalEpoch);
      location.reload();
    }
  };
  onFile({
    refuse: say,
    opened: (name, text) => {
      if (writer.ended || takenOver) return;
      editor.replaceText(text);
      if (writer.text === text)
        change({ name: cleanName(name), language: languageOfFile(name).id });
    },
  });

  page.showEmpty(undefined);
  setUpLook(editor);
  showSession();
  connection.start();
  editor.focus();
}

/** @param {Writer} writer */
const pick = ({ epoch, text, language, name, ended }) => ({ epoch, text, language, name, ended });

/**
 * @param {import('./store.js').SessionRecord} kept
 * @returns {import('./status.js').Notice}
 */
function resumedNotice({ at, room }) {
  const time = new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return {
    text: `This is your session of ${time}, with its text${room && ' and its link'}.`,
    action: 'new-session',
    label: 'Start a new session',
  };
}
