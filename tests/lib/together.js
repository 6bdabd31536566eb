// Unit tests in one process, since to start one costs more than most of them.
import { readdirSync } from 'node:fs';

/**
 * Loads every test file of a folder.
 * @param {URL} folder
 * @param {string[]} [apart]  what takes seconds, and runs beside the others
 */
export async function together(folder, apart = []) {
  const isTest = (name) => name.endsWith('.test.js') && !apart.includes(name);
  for (const name of readdirSync(folder).filter(isTest).sort()) await import(new URL(name, folder).href);
}
