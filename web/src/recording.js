// What this browser has received, so that a viewer can go back while the stream goes on. Pure;
// the memory it takes is bounded, and what is oldest goes first.

import { applyOps } from './ops.js';

/** @typedef {import('./ops.js').Op} Op */

/** Roughly, in UTF-16 units. */
const MAX_WEIGHT = 16 * 1024 * 1024;
const STEP_WEIGHT = 64;
/** An edit's, besides its text. */
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
     * @type {{ start: number, text: string, startedAt: number, steps: { ops: Op[], at: number
     *   }[], weight: number }[]}
     */
    this.stretches = [];
  }

  get empty() {
    return this.last === this.first;
  }

  /** @param {Op[]} edits @param {string} text  the text afterwards @param {number} at */
  add(edits, text, at) {
    const ops = edits.filter(([, deleted, inserted]) => deleted > 0 || inserted !== '');
    if (ops.length === 0) return;
    let stretch = this.stretches[this.stretches.length - 1];
    if (!stretch) {
      // The first text is where it begins; that there was none before is no moment to go back to.
      this.stretches.push({
        start: this.last,
        text,
        startedAt: at,
        steps: [],
        weight: text.length,
      });
      return;
    }
    stretch.steps.push({ ops, at });
    stretch.weight += ops.reduce((sum, op) => sum + OP_WEIGHT + op[2].length, STEP_WEIGHT);
    this.last++;
    // What is forgotten is forgotten by the stretch, so that none may be most of what there is.
    if (stretch.steps.length >= STRIDE || stretch.weight > this.maxWeight / 2) {
      stretch = { start: this.last, text, startedAt: at, steps: [], weight: text.length };
      this.stretches.push(stretch);
    }
    this.#forget();
  }

  #forget() {
    let weight = this.stretches.reduce((sum, stretch) => sum + stretch.weight, 0);
    while (weight > this.maxWeight && this.stretches.length > 1) {
      weight -= /** @type {{ weight: number }} */ (this.stretches.shift()).weight;
      this.first = this.stretches[0].start;
    }
  }

  /** @param {number} moment @returns {{ text: string, at: number }} */
  at(moment) {
    const wanted = Math.min(this.last, Math.max(this.first, moment));
    let stretch = this.stretches[0];
    for (const candidate of this.stretches) if (candidate.start <= wanted) stretch = candidate;
    if (!stretch) return { text: '', at: 0 };
    const steps = stretch.steps.slice(0, wanted - stretch.start);
    const text = steps.reduce((before, { ops }) => applyOps(before, ops) ?? before, stretch.text);
    return { text, at: steps[steps.length - 1]?.at ?? stretch.startedAt };
  }
}
