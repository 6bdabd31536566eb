// The viewer's page: an editor that nobody can type in, showing the writer's text as it arrives.

import { applyTheme, connectAppearance } from './appearance.js';
import { Connection } from './connection.js';
import { Editor } from './editor.js';
import { element } from './element.js';
import { downloadText } from './files.js';
import { Follow } from './follow.js';
import { languageOf } from './languages.js';
import { Rewind } from './rewind.js';
import { viewerStatus } from './status.js';
import { now } from './ticker.js';
import { Viewer } from './viewer.js';

/**
 * @param {import('./connection.js').BackEnd} backEnd
 * @param {string} room
 * @param {import('./page.js').Page} page
 */
export function startWatching(backEnd, room, page) {
  page.setRole('viewer');
  const viewer = new Viewer();
  const host = element('editor', HTMLElement);
  const editor = new Editor(host, {
    text: '',
    language: 'plaintext',
    readOnly: true,
    label: 'The writer’s text, read only',
    theme: applyTheme(),
    placeholder: '',
    readOnlyMessage: 'Only the writer can type here.',
  });
  const follow = new Follow({ host, editor, now, changed: (on) => page.showFollowing(on) });
  const changed = () => {
    // The writer may have moved on meanwhile.
    if (rewind.live && follow.on) follow.show(viewer.view);
    connection.step();
  };
  const rewind = new Rewind({ editor, now, changed });
  page.showFollowing(follow.on);

  const show = () => {
    const { session, hasText } = viewer;
    const status = viewerStatus({ link: connection.state, viewer, now: now() });
    // However well the stream goes on behind it, a past text is not what is being written now.
    page.showStatus(
      rewind.live || status.tone !== 'ok' ? status : { word: 'Rewound', tone: 'off' },
    );
    page.showViewers(hasText && connection.state.phase === 'up' ? session.viewers : undefined);
    page.showSession(session.language, session.name);
    page.showEmpty(hasText ? undefined : emptyText(status.word));
    editor.setLanguage(languageOf(session.language).id);
    if (!rewind.live) rewind.show();
  };

  let { view, hasText } = viewer;
  const edited = (/** @type {import('./ops.js').Op[]} */ ops) => {
    editor.apply(ops, !follow.on);
    // Otherwise the first text would push the reader's cursor to its end.
    if (!hasText) editor.home();
    rewind.add(ops, viewer.text);
    if (viewer.view !== view) follow.show(viewer.view);
    ({ view, hasText } = viewer);
  };
  const connection = new Connection({ ...backEnd, room, core: viewer, show, edited });

  editor.onResize(() => {
    if (follow.on) follow.show(viewer.view);
  });
  page.onPress('follow', () => follow.set(!follow.on));
  page.onCopy('copy-text', () => editor.shown);
  page.onPress('download', () =>
    downloadText(editor.shown, viewer.session.name, viewer.session.language),
  );
  page.onAction = (action) => {
    if (action === 'retry') connection.retry();
    else if (action === 'new-session') location.assign(location.pathname + location.search);
  };
  page.onFocusLost = () => editor.focus();
  connectAppearance(editor);
  connection.start();
}

/** @param {string} word */
function emptyText(word) {
  if (word === 'Waiting for the writer')
    return { title: word, text: 'Nobody is writing at the moment. The stream starts by itself.' };
  return { title: word, text: '' };
}
