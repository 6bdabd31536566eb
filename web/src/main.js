// The start: the page's address says whether it is a writer's or a viewer's, and its head where the
// back end is.

import { followSystem } from './appearance.js';
import './shared.js';
import { Page } from './page.js';
import { keepPen, keptPen } from './store.js';
import { readWriterLink } from './writer-link.js';

const ROOM = /^[A-Za-z0-9_-]{22}$/;

async function start() {
  hideKey();
  followSystem();
  if (new URLSearchParams(location.search).has('embed'))
    document.documentElement.dataset.embed = '';
  const page = new Page();
  const api = configured('api');
  const keepDays = Number(configured('keep-days')) || 0;
  const transport = new URLSearchParams(location.search).get('transport') ?? undefined;
  const backEnd = { api, transport, keepDays };
  const room = location.hash.slice(1);
  // Another link pasted into this tab is another stream.
  addEventListener('hashchange', () => location.reload());
  if (!/^https?:\/\//.test(api))
    stopped(page, 'This copy of the page does not know its function app: it was not configured.');
  else if (room === '') {
    const { WriterPage } = await import('./write.js');
    new WriterPage(backEnd, page);
  } else if (ROOM.test(room)) {
    const { ViewerPage } = await import('./watch.js');
    new ViewerPage(backEnd, room, page, penOf(room));
  } else
    stopped(
      page,
      'This link is incomplete: the part after # is not a room. Ask the writer for the whole link.',
    );
}

/** What the deployment has put into the page's head. @param {string} name */
const configured = (name) =>
  document.querySelector(`meta[name="codestream-${name}"]`)?.getAttribute('content') ?? '';

/** The key of a writer's link must not be seen on a projector, or copied with the address. */
function hideKey() {
  const pen = readWriterLink(location.hash);
  if (!pen) return;
  keepPen(pen);
  history.replaceState(history.state, '', `#${pen.room}`);
}

/** Inside another page nobody writes. @param {string} room */
const penOf = (room) => (window.top === window ? keptPen(room) : undefined);

/** @param {Page} page @param {string} text */
function stopped(page, text) {
  page.setRole('none');
  page.showEmpty({ title: 'Nothing to show', text: '' });
  page.showStatus({
    word: 'Not connected',
    tone: 'bad',
    notice: { text, action: 'new-session', label: 'Start your own' },
  });
  page.onAction = () => location.assign(location.pathname);
}

start();
