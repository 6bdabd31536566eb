// The viewer's page: it shows the writer's text as it arrives, first as plain text and, as soon as
// it has been loaded, in a reader.

import './shared.js';
import { onceLoaded } from './again.js';
import { Announcing } from './announcing.js';
import { connectAppearance, looks } from './appearance.js';
import { Burst } from './burst.js';
import { Connection } from './connection.js';
import { element } from './element.js';
import { downloadText } from './files.js';
import { FirstText } from './first-text.js';
import { Follow } from './follow.js';
import { HandView } from './hand-view.js';
import { keptStatus } from './kept-status.js';
import { languageOf } from './languages.js';
import { replacement } from './ops.js';
import { loadReader } from './parts.js';
import { startOwn } from './page.js';
import { onPrint } from './print.js';
import { Reading } from './reading.js';
import { Recording } from './recording.js';
import { Rewind, ago } from './rewind.js';
import { viewersLink } from './share.js';
import { NO_COLOURS, WAITING, partNotice, viewerStatus } from './status.js';
import { saveSession } from './store.js';
import { breath, now } from './ticker.js';
import { Viewer } from './viewer.js';
import { takePen } from './writer-link.js';

export class ViewerPage {
  #page;
  #host = element('editor', HTMLElement);
  #viewer;
  /** @type {Reading | undefined} where texts are kept */
  #reading;
  #burst = new Burst();
  #recording = new Recording();
  #rewind;
  #hand;
  #announcing = new Announcing(() => this.#connection.step());
  /** @type {Connection} */
  #connection;
  #api;
  #pen;
  #attach = connectAppearance();
  #loading = false;
  /** @type {FirstText | undefined} */
  #first = new FirstText(this.#host);
  /** @type {import('./reader.js').Reader | undefined} */
  #reader;
  /** @type {Follow | undefined} */
  #follow;
  /** @type {number | undefined} the line that the address names, until it has been shown */
  #line;
  /** The writer's place that was drawn last. */
  #view;
  /** @type {import('./status.js').Notice | undefined} which part of the page could not be loaded */
  #missing;

  /**
   * @param {import('./connection.js').BackEnd} backEnd
   * @param {{ room: string, line?: number }} place  line: the first on the screen
   * @param {import('./page.js').Page} page
   * @param {import('./writer-link.js').Pen} [pen]  it was opened with a writer's link
   */
  constructor(backEnd, { room, line }, page, pen) {
    this.#page = page;
    this.#api = backEnd.api;
    this.#pen = pen;
    const keeps = backEnd.keepDays > 0;
    this.#viewer = new Viewer({ reads: keeps });
    this.#view = this.#viewer.view;
    this.#line = line;
    page.setRole('viewer');
    page.showKeepDays(backEnd.keepDays);
    page.showFollowing(true);
    this.#rewind = new Rewind({
      recording: this.#recording,
      now,
      show: (moment) => this.#showPast(moment),
      label: (place) => (place ? ago(now() - place.time) : 'now'),
      changed: () => this.#moved(),
    });
    element('back-to-live', HTMLButtonElement).onclick = () => this.#rewind.toEnd();
    this.#hand = new HandView({
      hand: this.#viewer.hand,
      set: (wanted) => {
        this.#viewer.hand.set(wanted, now());
        this.#connection.step();
      },
      pointed: () => this.#reader?.pointedLine,
      lack: (lack) => this.#lack(partNotice(lack)),
    });
    this.#connection = new Connection({
      ...backEnd,
      room,
      core: this.#viewer,
      show: () => this.#show(),
      edited: (ops) => this.#edited(ops),
    });
    if (keeps)
      this.#reading = new Reading({
        api: backEnd.api,
        room,
        viewer: this.#viewer,
        edited: (ops) => this.#edited(ops),
        changed: () => this.#connection.step(),
      });
    page.onShare(() => ({ link: viewersLink(location, backEnd.transport, room) }));
    page.enable('share', true);
    this.#connectMenu();
    breath().then(() => this.#connection.start());
  }

  #load() {
    this.#loading = true;
    const read = onceLoaded(
      // The text is drawn first.
      () => breath().then(loadReader),
      (Reader) => this.#read(Reader),
      (lack) => this.#lack(partNotice(lack)),
    );
    read();
  }

  /**
   * Replaces the first text by the reader, in several steps that are short.
   * @param {typeof import('./reader.js').Reader} Reader
   */
  async #read(Reader) {
    await breath();
    const { wrap } = looks();
    const label = 'The writer’s text, read only';
    const reader = new Reader({ text: this.#viewer.text, label, wrap });
    await reader.open(this.#host);
    await breath();
    this.#begin(reader);
    await reader.complete((missing) => this.#lack(missing ? NO_COLOURS : undefined));
  }

  /** @param {import('./status.js').Notice | undefined} notice */
  #lack(notice) {
    if (this.#missing === notice) return;
    this.#missing = notice;
    this.#connection.step();
  }

  /** @param {import('./reader.js').Reader} reader */
  #begin(reader) {
    const { text, session } = this.#viewer;
    reader.apply(replacement(reader.shown, text), text, false);
    this.#burst.drawn(text, now());
    this.#reader = reader;
    this.#attach(reader);
    const follow = new Follow({
      host: this.#host,
      reader,
      now,
      changed: (on) => this.#page.showFollowing(on),
    });
    this.#follow = follow;
    reader.setLanguage(languageOf(session.language).id);
    const { past } = this.#rewind;
    if (past) reader.showPast(past.text, past.cursor);
    this.#view = this.#viewer.view;
    follow.show(this.#view);
    this.#showLine();
    this.#first?.remove();
    this.#first = undefined;
    reader.onResize(() => {
      if (follow.on) follow.show(this.#view);
    });
  }

  // ---- what is on the screen ----

  /** Shows how things are. @returns {number} when there is something to do again */
  #show() {
    const page = this.#page;
    const viewer = this.#viewer;
    const { session, hasText } = viewer;
    const { state } = this.#connection;
    const readAt = this.#reading?.step(state.phase === 'up') ?? Infinity;
    const { live } = this.#rewind;
    const past = !live;
    const known = { link: state, viewer, past, now: now() };
    const every = this.#reading?.every ?? 0;
    const kept = past ? undefined : keptStatus({ ...known, every, today: Date.now() });
    const status = kept ?? viewerStatus({ ...known, pen: this.#pen !== undefined });
    page.showStatus({ ...status, notice: status.notice ?? this.#missing });
    page.setLabel('back-to-live', session.ended ? 'Back to the end' : 'Back to live');
    page.showViewers(hasText && state.phase === 'up' ? session.viewers : undefined);
    page.showSession(session.language, session.name);
    this.#hand.show(session.ended ? 0 : session.hands);
    page.showEmpty(hasText ? undefined : emptyText(status.word));
    // Only now is it known how high the screen is.
    this.#draw();
    this.#reader?.setLanguage(languageOf(session.language).id);
    // Nothing else is to be on its way while the first text is.
    if (!this.#loading && (hasText || status.word === WAITING)) this.#load();
    if (!live) this.#rewind.show();
    const heard = hasText && live ? viewer.text : undefined;
    const sayAt = this.#announcing.show(heard, viewer.view?.selections[0]?.[1], now());
    return Math.min(this.#burst.wakeAt, readAt, sayAt);
  }

  /** @param {import('./ops.js').Op[]} ops */
  #edited(ops) {
    const { text, view } = this.#viewer;
    if (ops.length > 0 || view !== this.#view) this.#burst.add(ops);
    if (!this.#viewer.hasText) return;
    const { language, name } = this.#viewer.session;
    this.#recording.add(ops, text, now(), { cursor: view?.selections, title: { language, name } });
    this.#rewind.grown();
  }

  /** Draws what has arrived since the last time. */
  #draw() {
    const { text, view } = this.#viewer;
    const edits = this.#burst.take(text, now());
    if (!edits) return;
    const moved = view !== this.#view;
    this.#view = view;
    if (this.#reader) this.#reader.apply(edits, text, !this.#follow?.on);
    else if (this.#rewind.live) this.#first?.show(text, view);
    if (moved) this.#follow?.show(view);
    this.#showLine();
  }

  /** Shows the line that the address names, as soon as there is a text. */
  #showLine() {
    const line = this.#line;
    if (!line || !this.#reader || !this.#viewer.hasText) return;
    this.#line = undefined;
    // Where nothing has been written yet, the writer is followed.
    if (this.#viewer.text === '') return;
    this.#follow?.set(false);
    this.#reader.showLine(line);
  }

  /** @param {import('./recording.js').Moment | undefined} past */
  #showPast(past) {
    if (this.#reader) this.#reader.showPast(past?.text, past?.cursor);
    else this.#first?.show(past?.text ?? this.#viewer.text, undefined);
  }

  /** The screen has gone back in time, or has returned. */
  #moved() {
    // The writer may have moved on meanwhile.
    if (this.#rewind.live) this.#follow?.show(this.#view);
    this.#connection.step();
  }

  // ---- the bar and the menu ----

  #connectMenu() {
    const page = this.#page;
    const shown = () => this.#rewind.past?.text ?? this.#viewer.text;
    page.onRecording(() => this.#recording, now);
    page.onPress('follow', () => this.#follow?.set(!this.#follow.on));
    page.onCopy('copy-text', shown);
    page.onPress('download', () => {
      const { name, language } = this.#viewer.session;
      downloadText(shown(), name, language);
    });
    onPrint(() => ({ name: this.#viewer.session.name, text: shown() }));
    page.onAction = (action) => {
      if (action === 'retry') this.#connection.retry();
      else if (action === 'reload') location.reload();
      else if (action === 'new-session') startOwn();
      else if (action === 'write') this.#write();
    };
    page.onFocusLost = () => this.#reader?.focus();
    page.onLack = (lack) => this.#lack(partNotice(lack));
  }

  /** Takes the pen: a writer's page goes on with what was watched here. */
  #write() {
    if (!this.#pen) return;
    saveSession({ ...takePen(this.#pen, this.#viewer), api: this.#api, at: Date.now() });
    startOwn();
  }
}

/** @param {string} word */
function emptyText(word) {
  if (word === WAITING)
    return { title: word, text: 'When somebody writes, the text appears here by itself.' };
  return { title: word, text: '' };
}
