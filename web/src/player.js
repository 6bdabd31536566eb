// The page that is in a recording's file: it plays what is in it, in the view that viewers have. It
// loads nothing.

import { followSystem } from './appearance.js';
import { element } from './element.js';
import { copyText, downloadText } from './files.js';
import { languageOf } from './languages.js';
import { onPrint } from './print.js';
import { Reader } from './reader.js';
import { Rewind, clock } from './rewind.js';
import { fromData } from './recording-file.js';

const now = () => performance.now();
const SAID_MS = 2_000;

async function play() {
  followSystem();
  const json = document.getElementById('recording')?.textContent ?? '';
  const { recording, began } = fromData(JSON.parse(json));
  const wrap = innerWidth < 720;
  document.documentElement.dataset.wrap = String(wrap);
  const reader = new Reader({ text: '', label: 'The text at this moment, read only', wrap });
  await reader.open(element('editor', HTMLElement));

  const date = new Date(began);
  const draw = () => {
    const { text, cursor, title } = recording.show(rewind.playback.moment);
    reader.showPast(text, cursor);
    reader.setLanguage(languageOf(title.language).id);
    const label = [title.name, began ? date.toLocaleString() : ''].filter(Boolean).join(', ');
    element('recorded', HTMLElement).textContent = label;
    document.title = `${title.name || 'Recording'} – Codestream`;
  };
  const { begin } = recording;
  const whole = clock(recording.end - begin);
  const rewind = new Rewind({
    recording,
    now,
    show: () => draw(),
    label: (place) => `${place ? clock(place.at - begin) : whole} / ${whole}`,
    changed: () => {},
  });
  rewind.toBegin();
  draw();
  const shown = () => recording.show(rewind.playback.moment);
  connectTools(shown);
  onPrint(() => ({ name: shown().title.name, text: shown().text }));
  document.addEventListener('keydown', (event) => rewind.pageKey(event));
  await reader.complete();
}

/** @param {() => import('./recording.js').Moment} shown */
function connectTools(shown) {
  const copy = element('copy-text', HTMLButtonElement);
  const label = /** @type {HTMLElement} */ (copy.firstElementChild);
  copy.onclick = async () => {
    label.textContent = (await copyText(shown().text)) ? 'Copied' : 'Could not copy';
    setTimeout(() => {
      label.textContent = 'Copy text';
    }, SAID_MS);
  };
  element('download', HTMLButtonElement).onclick = () => {
    const { text, title } = shown();
    downloadText(text, title.name, title.language);
  };
}

play().catch((error) => {
  element('banner', HTMLElement).hidden = false;
  element('banner-text', HTMLElement).textContent = `This recording cannot be played. ${error.message}`;
});
