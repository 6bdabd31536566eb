// Where on the tape of a recording somebody is: at the end, at an earlier place, or on the way. Pure:
// every method that needs the time is given it.

export class Playback {
  /** @type {number | undefined} the place on the tape; undefined: the end */
  #at;
  #tickedAt = 0;
  playing = false;
  speed = 1;

  /** @param {import('./recording.js').Recording} recording */
  constructor(recording) {
    this.recording = recording;
  }

  get atEnd() {
    return this.#at === undefined;
  }

  get at() {
    return this.#at ?? this.recording.end;
  }

  get moment() {
    const { recording } = this;
    return this.#at === undefined ? recording.last : recording.momentAt(this.#at);
  }

  /** @param {number} at */
  go(at) {
    const { begin, end } = this.recording;
    this.#at = at >= end ? undefined : Math.max(begin, at);
    if (this.atEnd) this.playing = false;
  }

  /** @param {number} ms */
  by(ms) {
    this.go(this.at + ms);
  }

  /** One change on, or back. @param {1 | -1} count */
  step(count) {
    const { recording } = this;
    const from = this.moment;
    let moment = from + count;
    // Changes that came together are at one place, where the last of them is shown.
    while (moment > recording.first && recording.momentAt(recording.place(moment).at) === from) moment += count;
    this.playing = false;
    const { at } = recording.place(moment);
    this.#at = at >= recording.end ? undefined : at;
  }

  /** The recording has lost its oldest moments. */
  keepWithin() {
    if (this.#at !== undefined && this.#at < this.recording.begin) this.#at = this.recording.begin;
  }

  /** @param {number} now */
  toggle(now) {
    this.playing = !this.playing && !this.recording.empty;
    if (this.playing && this.atEnd) this.#at = this.recording.begin;
    this.#tickedAt = now;
  }

  /** Moves on, as far as the time has. @param {number} now */
  tick(now) {
    if (!this.playing) return;
    this.by((now - this.#tickedAt) * this.speed);
    this.#tickedAt = now;
  }
}
