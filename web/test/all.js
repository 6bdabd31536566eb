// The page's unit tests in one process, since to start one costs more than most of them. Those that
// take seconds run beside it.
import { readdirSync } from 'node:fs';

const APART = ['property.test.js'];

const here = new URL('./', import.meta.url);
const isTest = (name) => name.endsWith('.test.js') && !APART.includes(name);
for (const name of readdirSync(here).filter(isTest).sort()) await import(new URL(name, here).href);
