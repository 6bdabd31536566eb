// Small test files in one process, since to start one costs more than most of them.
import { readdirSync } from 'node:fs';
import { describe } from 'node:test';
import { saidBy } from './test.js';

/**
 * Loads every test file of a folder. What a file has to do before and after its tests is done
 * before and after these, and not those of the others.
 * @param {URL} folder
 * @param {string[]} [apart]  what takes seconds, and runs beside the others
 */
export async function together(folder, apart = []) {
  const isTest = (name) => name.endsWith('.test.js') && !apart.includes(name);
  const suites = new Map();
  for (const name of readdirSync(folder).filter(isTest).sort())
    suites.set(name, await saidBy(() => import(new URL(name, folder).href)));
  // Nothing has begun before all are loaded.
  for (const [name, said] of suites)
    if (said.length > 0) describe(name, () => said.forEach((say) => say()));
}
