// The writer's page: an editor whose text is kept in the browser and streamed to the room.

import './shared.js';
import { onceLoaded } from './again.js';
import { connectAppearance, followTheme } from './appearance.js';
import { Connection } from './connection.js';
import { Draft } from './draft.js';
import { element } from './element.js';
import { downloadText, onFile } from './files.js';
import { HANDS } from './hand-messages.js';
import { HandsView } from './hands-view.js';
import { keepNotice } from './keeper.js';
import { Keeping } from './keeping.js';
import { languageOf, languageOfFile } from './languages.js';
import { loadEditor } from './parts.js';
import { Passing } from './passing.js';
import { dropPen, holdPen, writes } from './pen.js';
import { onPrint } from './print.js';
import { Recorder } from './recorder.js';
import { ROLL_CALL_EVERY_MS, cleanName } from './protocol.js';
import { viewersLink } from './share.js';
import {
  NO_COLOURS,
  TOO_LARGE,
  partNotice,
  plainNotice,
  resumedNotice,
  savedNotice,
  wantsWord,
  writerStatus,
} from './status.js';
import {
  comeBack,
  dropBeside,
  forgetSession,
  forgetTab,
  keepHands,
  keptHands,
  keptSession,
  lastSession,
  leave,
  onOtherTab,
  outrank,
  page as thisPage,
  pruneSessions,
  saveSession,
  takeNext,
} from './store.js';
import { Takeover } from './takeover.js';
import { now } from './ticker.js';
import { WordForm } from './word-form.js';
import { Word } from './word.js';
import { writerLink } from './writer-link.js';
import { Writer } from './writer.js';

/** To run Monaco takes a second on a phone, in which nothing else gets on: the link goes first. */
const LINK_FIRST_MS = 1_000;

export class WriterPage {
  #page;
  #session;
  #transport;
  #writer;
  /** @type {import('./editor.js').Editor | undefined} it comes when it has been loaded */
  #editor;
  /** @type {(editor: import('./editor.js').Editor) => void} */
  #arrived = () => {};
  /** The editor, as soon as there is one. */
  #arrival = new Promise((/** @type {(editor: import('./editor.js').Editor) => void} */ resolve) => {
    this.#arrived = resolve;
  });
  #draft;
  #passing = new Passing();
  #word;
  #takeover;
  #hands;
  #recorder;
  #connection;
  /** @type {Keeping | undefined} where texts are kept */
  #keeping;
  /** @type {() => void} */
  #settle = () => {};
  /** The link is there, has failed, or is not worth waiting for. */
  #settled = new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
    this.#settle = resolve;
    setTimeout(resolve, LINK_FIRST_MS);
  });
  /** @type {import('./status.js').Notice | undefined} which part of the page could not be loaded */
  #missing;

  /**
   * @param {import('./connection.js').BackEnd} backEnd
   * @param {import('./page.js').Page} page
   */
  constructor(backEnd, page) {
    this.#page = page;
    page.setRole('writer');
    pruneSessions(Date.now());
    holdPen(thisPage);
    const kept = lastSession(Date.now(), backEnd.api);
    const failed = kept?.trying === true;
    if (kept && failed) kept.language = 'plaintext';
    const { room = '', key = '' } = kept ?? {};
    this.#session = { room, key };
    this.#transport = backEnd.transport;
    this.#writer = createWriter(kept, backEnd.transport === 'native');
    this.#draft = new Draft({
      session: this.#session,
      writer: this.#writer,
      store: storing(backEnd.api),
      dropped: () => this.#keeping?.dropped === true,
    });
    if (failed) this.#passing.say(plainNotice(), now());
    else if (kept && kept.text !== '') this.#passing.say(resumedNotice(kept), now());
    this.#word = new Word(backEnd.api, new WordForm(() => this.#editor?.focus()), () =>
      this.#connection.retry(),
    );
    this.#takeover = new Takeover({
      writer: this.#writer,
      announce: () => this.#connection.announce(),
      renew: () => this.#renew(),
      giveWay: () => this.#giveWay(),
    });
    this.#recorder = new Recorder(this.#writer);
    this.#recorder.record([], now());
    this.#hands = new HandsView({
      hands: this.#writer.hands,
      changed: () => this.#connection.step(),
      reveal: (line) => this.#editor?.reveal(line),
      mark: (lines) => this.#editor?.markHands(lines),
      lack: (lack) => this.#lack(lack),
    });
    if (backEnd.keepDays > 0) this.#keep(backEnd, kept?.dropped);
    this.#connection = new Connection({
      ...backEnd,
      ...this.#session,
      core: this.#writer,
      word: () => this.#word.word,
      show: () => this.#show(),
      ticket: (ticket) => this.#admitted(ticket),
      presence: (event, time) => {
        this.#takeover.presence(event, time);
        this.#keeping?.presence(event);
      },
    });
    this.#keepDraft();
    this.#connectMenu();
    this.#connectFiles();
    this.#showSession();
    this.#connection.start();
    const attach = connectAppearance();
    page.showEmpty({ title: 'Loading', text: '' });
    const open = onceLoaded(
      loadEditor,
      (Editor) => this.#edit(new Editor(...editorOptions(this.#writer)), attach),
      (lack) => this.#lack(lack),
    );
    this.#settled.then(open);
  }

  /** @param {import('./editor.js').Editor} editor @param {(editor: any) => void} attach */
  #edit(editor, attach) {
    this.#editor = editor;
    this.#connectEditor(editor);
    this.#page.showEmpty(undefined);
    attach(editor);
    this.#showSession();
    // Whoever is in the menu by now stays there.
    const { activeElement } = document;
    if (!activeElement || activeElement === document.body) editor.focus();
    this.#arrived(editor);
    this.#connection.step();
  }

  /** @param {import('./again.js').Lack} lack  of a part of the page */
  #lack(lack) {
    this.#missing = partNotice(lack);
    const title = lack === 'late' ? 'The editor has not arrived yet' : 'The editor could not be loaded';
    if (!this.#editor) this.#page.showEmpty({ title, text: '' });
    this.#show();
  }

  get #link() {
    return viewersLink(location, this.#transport, this.#session.room);
  }

  // ---- what the page shows ----

  /** Shows how things are and saves what is due. @returns when the next of both is due */
  #show() {
    const page = this.#page;
    const writer = this.#writer;
    const draft = this.#draft;
    const link = this.#connection.state;
    const takenOver = this.#takeover.done;
    draft.poll(now());
    this.#takeover.poll(now());
    if (link.phase === 'up' || link.phase === 'failed') this.#settle();
    if (wantsWord(link)) this.#word.refused(link.trouble);
    const status = writerStatus({ link, writer, takenOver, draftKept: draft.kept, now: now() });
    const shown = { ...status, notice: status.notice ?? this.#missing };
    const keepAt = this.#showKept(shown.notice !== undefined || link.phase !== 'up');
    page.showStatus(this.#passing.over(shown, link.phase === 'failed', now()));
    page.showViewers(link.phase === 'up' && !takenOver ? writer.viewers : undefined);
    page.setLabel('pause', writer.paused ? 'Resume the stream' : 'Pause the stream');
    page.enable('pause', !writer.ended && !takenOver);
    page.enable('end', !writer.ended && !takenOver);
    const handsAt = this.#hands.show(writer.text, writer.ended || takenOver, now());
    return Math.min(draft.wakeAt, this.#takeover.wakeAt, this.#passing.wakeAt, handsAt, keepAt);
  }

  /**
   * Says that the text will be kept, once nothing else is to be said, and then keeps it.
   * @param {boolean} busy  the page has something else to say
   * @returns when there is something to do again
   */
  #showKept(busy) {
    const keeping = this.#keeping;
    if (!keeping || this.#takeover.done) return Infinity;
    if (!keeping.told && !keeping.dropped && !busy && this.#passing.wakeAt === Infinity) {
      this.#passing.say(keepNotice(keeping.days), now());
      keeping.told = true;
    }
    const wakeAt = keeping.step();
    this.#page.showKept(keeping.words);
    this.#page.enable('drop', !keeping.dropped);
    this.#page.enable('end-delete', !this.#writer.ended);
    return wakeAt;
  }

  /** Nobody would delete the kept text any more: no later page takes this session up. */
  get #leavesText() {
    const goesOn = !this.#writer.ended && this.#draft.kept;
    return this.#keeping?.dropping === true && !goesOn && !this.#takeover.done;
  }

  /** @param {import('./connection.js').BackEnd} backEnd @param {boolean} [dropped] */
  #keep({ api, keepDays: days }, dropped) {
    const page = this.#page;
    this.#keeping = new Keeping({
      api,
      days,
      dropped,
      session: this.#session,
      writer: this.#writer,
      changed: () => this.#connection.step(),
      outranked: (epoch) => this.#takeover.saved(epoch),
    });
    page.showKeepDays(days);
    for (const id of ['drop', 'end-delete']) element(id, HTMLButtonElement).hidden = false;
    page.onPress('drop', () => this.#drop());
    page.onPress('end-delete', () => {
      if (!confirm('End the session for everybody, and delete the kept text?')) return;
      this.#change({ ended: true, paused: false });
      this.#drop();
    });
  }

  #drop() {
    this.#keeping?.drop();
    this.#draft.save();
    this.#connection.step();
  }

  #showSession() {
    const { language, name, ended } = this.#writer;
    this.#page.showSession(language, name);
    const editor = this.#editor;
    if (!editor) return;
    const { id } = languageOf(language);
    if (editor.language !== id && id !== 'plaintext') this.#draft.trying(now());
    editor.setLanguage(id, (missing) => {
      this.#missing = missing ? NO_COLOURS : undefined;
      this.#show();
    });
    // What could neither be sent nor kept must not be typed.
    editor.setReadOnly(ended || this.#takeover.done);
  }

  /** @param {string} text */
  #say(text) {
    this.#passing.say({ text }, now());
    this.#connection.step();
  }

  // ---- the connection, the draft and other pages of this session ----

  /** @param {import('./link.js').Ticket} ticket */
  #admitted({ room_id: room, writer_key: key }) {
    this.#word.accepted();
    Object.assign(this.#session, { room, key: key ?? this.#session.key });
    this.#draft.save();
    dropBeside(room, this.#writer.epoch);
    this.#page.showLink(this.#link);
  }

  #keepDraft() {
    const draft = this.#draft;
    addEventListener('blur', () => draft.save());
    addEventListener('pagehide', () => {
      draft.survived();
      draft.save();
      // The last letters need not wait for the next flush.
      this.#writer.hurry();
      this.#connection.step();
      leave();
      dropPen();
    });
    addEventListener('pageshow', ({ persisted }) => {
      comeBack();
      if (persisted) this.#returned();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) draft.save();
    });
    addEventListener('beforeunload', (event) => {
      draft.save();
      if (!draft.atRisk && !this.#leavesText) return;
      event.preventDefault();
      event.returnValue = true; // Chrome before 119
    });
    onOtherTab({
      saved: ({ room, epoch }) => {
        if (room === this.#session.room) this.#takeover.saved(epoch);
      },
      dropped: (isIt) => {
        draft.removed(isIt);
        this.#show();
      },
    });
    addEventListener('keydown', (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== 's') return;
      // The browser would save the page around the text.
      event.preventDefault();
      draft.save();
      this.#say(savedNotice(draft.kept));
    });
  }

  /** The way back has led to this page, as it was; meanwhile another one may have written. */
  async #returned() {
    const { room } = this.#session;
    const kept = room === '' ? undefined : keptSession(room);
    if (!kept || kept.page === thisPage) holdPen(thisPage);
    else if (await writes(kept.page)) this.#takeover.yieldTo(kept.epoch);
    else {
      this.#draft.drop();
      takeNext();
      location.reload();
    }
  }

  /** Takes the session up once more, with a greater epoch. */
  #renew() {
    this.#writer.renew();
    this.#connection.retry();
  }

  #giveWay() {
    this.#draft.close();
    this.#connection.stop();
    this.#writer.left();
    this.#showSession();
    this.#show();
  }

  #newSession() {
    const draft = this.#draft;
    const { text, ended } = this.#writer;
    // A session that was refused has no viewers: its text goes on in the new one.
    const refused = this.#connection.state.phase === 'failed' && !ended;
    draft.save();
    const losing = text !== '' && !ended && !(refused && draft.kept);
    const question = 'Start a new session? This one is left behind, with its text and its link.';
    if (losing && !confirm(question)) return;
    draft.close();
    forgetTab();
    if (refused) draft.store({ ...draft.record, room: '', key: '' });
    location.reload();
  }

  #forget() {
    const isKept = this.#keeping && !this.#keeping.dropped;
    const question =
      'Forget this session? Its text and the right to write in it go from this browser. ' +
      `Viewers keep what they see${isKept ? ', and the kept text stays until its time is over' : ''}.`;
    if (!confirm(question)) return;
    this.#draft.drop();
    forgetSession(this.#session.room);
    location.reload();
  }

  // ---- the editor, the bar and the menu ----

  /** @param {import('./editor.js').Editor} editor */
  #connectEditor(editor) {
    const writer = this.#writer;
    editor.onEdit({
      accept: (ops) => {
        const accepted = writer.edit(ops);
        if (accepted) this.#draft.saveSoon(now());
        if (accepted) this.#recorder.record(ops, now());
        this.#connection.step();
        return accepted;
      },
      refused: () => this.#say(TOO_LARGE),
      accepted: () => writer.text,
    });
    editor.onView(() => {
      writer.setView(editor.view);
      this.#recorder.record([], now());
      this.#connection.step();
    });
  }

  /** What is opened or dropped before the editor is there waits for it. */
  #connectFiles() {
    onFile({
      refuse: (reason) => this.#say(reason),
      opened: async (name, text, remark) => {
        const editor = await this.#arrival;
        if (this.#mayWrite()) this.#open(editor, name, text, remark);
      },
      dropped: async (text, x, y) => {
        const editor = await this.#arrival;
        if (this.#mayWrite()) editor.insertAt(text, x, y);
      },
    });
  }

  /** Whether anything can be written here; if not, the page says so. */
  #mayWrite() {
    const may = !this.#writer.ended && !this.#takeover.done;
    if (!may) this.#say('Nothing was changed: in this session, nothing can be written here any more.');
    return may;
  }

  #connectMenu() {
    const page = this.#page;
    const writer = this.#writer;
    page.onCopy('copy-link', () => this.#link, () =>
      this.#say(`The browser did not copy. This is the link: ${this.#link}`),
    );
    page.onCopy('copy-text', () => writer.text);
    page.onShare(() => {
      const { key } = this.#session;
      return { link: this.#link, pen: writerLink(this.#link, { key, epoch: writer.epoch }) };
    });
    page.onLanguage((language) => this.#change({ language }));
    // No name has a slash in it: it would be a folder's.
    page.onTitle((title) => {
      if (this.#mayWrite()) this.#change({ name: cleanName(title.replace(/[/\\]/g, '-')) });
    });
    page.onRecording(() => this.#recorder.recording, now);
    page.onHands(writer.hands.allowed, (allowed) => {
      keepHands(allowed);
      writer.allowHands(allowed);
      this.#connection.step();
    });
    page.onPress('pause', () => this.#change({ paused: !writer.paused }));
    page.onPress('end', () => {
      if (confirm('End the session for everybody?')) this.#change({ ended: true, paused: false });
    });
    page.onPress('new-session', () => this.#newSession());
    page.onPress('forget-session', () => this.#forget());
    page.onPress('forget-word', () => {
      this.#word.forget();
      this.#say('This browser has forgotten the word. This stream goes on without it.');
    });
    page.onPress('download', () => downloadText(writer.text, writer.name, writer.language));
    onPrint(() => writer);
    page.onAction = (action) => this.#act(action);
    page.onFocusLost = () => this.#editor?.focus();
    page.onLack = (lack) => this.#lack(lack);
  }

  /** @param {string} action  of the banner's button */
  #act(action) {
    if (action === 'resume') this.#change({ paused: false });
    else if (action === 'retry') this.#connection.retry();
    else if (action === 'reload') location.reload();
    else if (action === 'word') this.#word.ask();
    else if (action === 'drop') this.#drop();
    else if (action === 'new-session') this.#newSession();
    else if (action === 'take-back') {
      outrank(this.#session.room, this.#takeover.rivalEpoch);
      takeNext();
      location.reload();
    }
  }

  /** @param {Parameters<Writer['set']>[0]} part */
  #change(part) {
    this.#writer.set(part);
    this.#recorder.record([], now());
    this.#showSession();
    this.#draft.save();
    this.#connection.step();
  }

  /**
   * @param {import('./editor.js').Editor} editor @param {string} name @param {string} text
   * @param {string} remark  what has to be said about it
   */
  #open(editor, name, text, remark) {
    const writer = this.#writer;
    editor.replaceText(text);
    // Otherwise the text was refused.
    if (writer.text !== text) return;
    // What was said of an earlier file is no longer so.
    this.#passing.drop();
    if (remark) this.#say(remark);
    this.#change({ name: cleanName(name), language: languageOfFile(name).id });
  }
}

/** @param {import('./store.js').SessionRecord | undefined} kept @param {boolean} native */
function createWriter(kept, native) {
  const { epoch, text = '', language = 'plaintext', name = '', known } = kept ?? {};
  return new Writer({
    greatest: Number.isSafeInteger(epoch) ? epoch : 0,
    text,
    language,
    name,
    known,
    hands: keptHands() ?? HANDS,
    // The native endpoint does not report that a viewer has left.
    rollCallEvery: native ? ROLL_CALL_EVERY_MS : undefined,
  });
}

/**
 * @param {Writer} writer
 * @returns {ConstructorParameters<typeof import('./editor.js').Editor>}
 */
function editorOptions({ text }) {
  return [
    element('editor', HTMLElement),
    {
      text,
      label: 'Your text, streamed to the viewers. Press Control M to let Tab leave the editor.',
      theme: followTheme(),
      placeholder: 'Type here. Everybody with the link sees it live.',
      readOnlyMessage: 'Nothing can be written here now; the line above says why.',
    },
  ];
}

/**
 * @param {string} api
 * @returns {ConstructorParameters<typeof Draft>[0]['store']}
 */
const storing = (api) => (draft, options) => saveSession({ ...draft, api, at: Date.now() }, options);
