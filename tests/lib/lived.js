// Time as this process has lived it. A busy machine gives a process the processor late, and all
// timers in it are late by as much: what is judged here by a clock is judged by this one, which
// stands still meanwhile.

import { pause } from './deadline.js';

/** Between two beats. */
const BEAT_MS = 20;
/** A beat counts no more than this, however late it comes. */
const MOST_MS = 2 * BEAT_MS;
/** So many beats, half a second where all is well, say whether the process keeps up. */
const RECENT = 25;
/** It does while its beats are this late on average. */
const CALM_MS = 15;

/** The clock itself, which is told the time. */
export class LivedTime {
  #at;
  #lived = 0;
  #late = [];

  constructor(now) {
    this.#at = now;
  }

  beat(now) {
    this.#late.push(Math.max(0, now - this.#at - BEAT_MS));
    if (this.#late.length > RECENT) this.#late.shift();
    this.#lived = this.read(now);
    this.#at = now;
  }

  /** Milliseconds since the clock was made. */
  read(now) {
    return this.#lived + Math.min(now - this.#at, MOST_MS);
  }

  /** Whether the process could do more than it does. */
  get calm() {
    const sum = this.#late.reduce((total, late) => total + late, 0);
    return this.#late.length === RECENT && sum / RECENT < CALM_MS;
  }
}

const clock = new LivedTime(performance.now());
setInterval(() => clock.beat(performance.now()), BEAT_MS).unref();

/** Like performance.now(), but for what this process was kept from. */
export const lived = () => clock.read(performance.now());

/** Whether this process keeps up with what it has to do. */
export const isCalm = () => clock.calm;

/** Resolves a beat later; whoever waits for it keeps the process alive, which the clock does not. */
export const beat = () => pause(BEAT_MS);
