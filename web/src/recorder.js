// What of a writer's page goes into its recording: what viewers could see, with the times at which
// it was typed, also while the connection was gone. What is typed during a pause appears when the
// pause is over, as it does at viewers. Pure.

import { replacement } from './ops.js';
import { Recording } from './recording.js';

export class Recorder {
  recording = new Recording();
  /** Something was typed that is not in the recording. */
  #behind = true;

  /** @param {import('./writer.js').Writer} writer */
  constructor(writer) {
    this.writer = writer;
  }

  /** @param {import('./ops.js').Op[]} ops  what was typed @param {number} now */
  record(ops, now) {
    const { paused, text, view, language, name } = this.writer;
    if (paused) {
      this.#behind ||= ops.length > 0;
      return;
    }
    const edits = this.#behind ? replacement(this.recording.text, text) : ops;
    this.#behind = false;
    this.recording.add(edits, text, now, { cursor: view?.selections, title: { language, name } });
  }
}
