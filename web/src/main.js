// The start: the page's address says whether it is a writer's or a viewer's, and its head where the
// back end is.

import { readHash, readSearch } from './address.js';
import { onceLoaded } from './again.js';
import { followSystem } from './appearance.js';
import { onDrop } from './files.js';
import { Page, startOwn } from './page.js';
import { writes } from './pen.js';
import './shared.js';
import { partNotice } from './status.js';
import { forgetTab, hasLeft, keepPen, keptPen, lastSession, takes } from './store.js';
import { readWriterLink } from './writer-link.js';

const { embed, line: lineWanted } = readSearch(location.search);

async function start() {
  hideKey();
  followSystem();
  // Whatever is dropped, and whoever takes it: the browser is not to leave the page for it.
  onDrop(() => {});
  if (embed) document.documentElement.dataset.embed = '';
  const page = new Page();
  const api = configured('api');
  const keepDays = Number(configured('keep-days')) || 0;
  const transport = new URLSearchParams(location.search).get('transport') ?? undefined;
  const backEnd = { api, transport, keepDays };
  const place = readHash(location.hash);
  // Another link pasted into this tab is another stream.
  addEventListener('hashchange', () => location.reload());
  if (!/^https?:\/\//.test(api))
    stopped(page, 'This copy of the page does not know its function app: it was not configured.');
  else if (!place)
    stopped(
      page,
      'This link is incomplete: the part after # is not a room. Ask the writer for the whole link.',
    );
  else if (place.room !== '') {
    const { room, line = lineWanted } = place;
    await open(
      page,
      () => import('./watch.js'),
      ({ ViewerPage }) => new ViewerPage(backEnd, { room, line }, page, penOf(room)),
    );
  } else if (embed || isFramed())
    stopped(page, 'A stream is not started inside another page.');
  else await startWriting(backEnd, page);
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
const penOf = (room) => (isFramed() ? undefined : keptPen(room));

/** @param {import('./connection.js').BackEnd} backEnd @param {Page} page */
async function startWriting(backEnd, page) {
  const kept = lastSession(Date.now(), backEnd.api);
  const wanted = takes() || hasLeft(kept?.page);
  if (kept && !wanted && (await writes(kept.page))) await chosen(page);
  await open(page, () => import('./write.js'), ({ WriterPage }) => new WriterPage(backEnd, page));
}

/**
 * Opens the page of a role. That it does not arrive is said by start.js, unless this page has shown
 * something already.
 * @template Part
 * @param {Page} page @param {() => Promise<Part>} load @param {(part: Part) => unknown} begin
 */
async function open(page, load, begin) {
  if (document.documentElement.dataset.role === undefined) {
    begin(await load());
    return;
  }
  const lacks = (/** @type {import('./again.js').Lack} */ lack) => {
    if (!lack) return;
    page.setRole('none');
    page.showEmpty({ title: 'Loading', text: '' });
    page.showStatus({ word: 'Not loaded', tone: 'bad', notice: partNotice(lack) });
    page.onAction = () => location.reload();
  };
  await onceLoaded(load, begin, lacks)();
}

/** The pen moves only when somebody wants it to. @param {Page} page */
async function chosen(page) {
  page.setRole('none');
  page.showStatus({ word: 'Not started', tone: 'off' });
  const choice = await page.offer(
    {
      title: 'You are writing in another tab',
      text: 'That stream goes on there. Nothing has been started here.',
    },
    { fresh: 'Start another stream', take: 'Write here instead' },
  );
  if (choice === 'fresh') forgetTab();
}

const isFramed = () => window.top !== window.self;

/** @param {Page} page @param {string} text */
function stopped(page, text) {
  page.setRole('none');
  page.showEmpty({ title: 'Nothing to show', text: '' });
  page.showStatus({
    word: 'Not connected',
    tone: 'bad',
    notice: { text, action: 'new-session', label: 'Start your own' },
  });
  page.onAction = () => startOwn();
}

/** Whoever looks at a page that loads ahead has not opened it yet. */
function whenOpened(/** @type {() => void} */ open) {
  if (!(/** @type {any} */ (document).prerendering)) open();
  else {
    document.documentElement.dataset.role = 'none';
    document.addEventListener('prerenderingchange', open, { once: true });
  }
}

whenOpened(start);
