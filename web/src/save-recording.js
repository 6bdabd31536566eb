// Saves a recording as one file that plays itself. Loaded when it is wanted, because it brings the
// page of the player along.

import './shared.js';
import page from 'player-page';
import { saveAs } from './files.js';
import { fileName, toData, toPage } from './recording-file.js';

/** @param {import('./recording.js').Recording} recording @param {number} now  by its own clock */
export function saveRecording(recording, now) {
  const { time } = recording.place(recording.first);
  const began = Date.now() - (now - time);
  const { title } = recording.now;
  saveAs(toPage(page, toData(recording, began)), fileName(title, new Date(began)), 'text/html');
}
