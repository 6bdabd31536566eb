// Every text that this browser has received, so that a viewer can go back while the stream goes on.
// Pure. It takes a bounded amount of memory: the oldest texts are evicted first.

import { applyOps } from './ops.js';

/** @typedef {import('./ops.js').Op} Op */

/** About how much is kept, in UTF-16 units. */
const MAX_WEIGHT = 16 * 1024 * 1024;
const STEP_WEIGHT = 64;
/** What an edit weighs besides its text. */
const OP_WEIGHT = 32;
/** A whole text is kept every so many steps, so that no moment is far from one. */
const STRIDE = 128;

export class Recording {
  /** @param {{ maxWeight?: number }} [options] */
  constructor({ maxWeight = MAX_WEIGHT } = {}) {
    this.maxWeight = maxWeight;
    /** The numbers of the first and the last moment that can be shown. */
    this.first = 0;
    this.last = 0;
    /**
     * @type {{ start: number, text: string, time: number, steps: { ops: Op[], time: number }[],
     *   weight: number }[]}
     */
    this.stretches = [];
  }

  get empty() {
    return this.last === this.first;
  }

  /** @param {Op[]} edits @param {string} text  the text afterwards @param {number} time */
  add(edits, text, time) {
    const ops = edits.filter(([, deleted, inserted]) => deleted > 0 || inserted !== '');
    if (ops.length === 0) return;
    const stretch = this.stretches[this.stretches.length - 1];
    if (!stretch) {
      // It begins with the first text: the empty screen before that is nothing to go back to.
      this.#begin(text, time);
      return;
    }
    stretch.steps.push({ ops, time });
    stretch.weight += ops.reduce((sum, op) => sum + OP_WEIGHT + op[2].length, STEP_WEIGHT);
    this.last++;
    // Whole stretches are evicted, so none may make up most of the recording.
    if (stretch.steps.length >= STRIDE || stretch.weight > this.maxWeight / 2)
      this.#begin(text, time);
    this.#evict();
  }

  /** @param {string} text @param {number} time */
  #begin(text, time) {
    this.stretches.push({ start: this.last, text, time, steps: [], weight: text.length });
  }

  #evict() {
    let weight = this.stretches.reduce((sum, stretch) => sum + stretch.weight, 0);
    while (weight > this.maxWeight && this.stretches.length > 1) {
      weight -= /** @type {{ weight: number }} */ (this.stretches.shift()).weight;
      this.first = this.stretches[0].start;
    }
  }

  /** @param {number} moment @returns {{ text: string, time: number }} */
  textAt(moment) {
    const wanted = Math.min(this.last, Math.max(this.first, moment));
    let stretch = this.stretches[0];
    for (const candidate of this.stretches) if (candidate.start <= wanted) stretch = candidate;
    if (!stretch) return { text: '', time: 0 };
    const steps = stretch.steps.slice(0, wanted - stretch.start);
    const text = steps.reduce((before, { ops }) => applyOps(before, ops) ?? before, stretch.text);
    return { text, time: steps[steps.length - 1]?.time ?? stretch.time };
  }
}
