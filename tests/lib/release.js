// To be imported before handler.js: the tests of this file are about the program that is
// delivered, whatever build the others are run with. `make test` builds it.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const RELEASE = path.join(ROOT, 'build/release/codestream');

process.env.CODESTREAM_BIN = RELEASE;

/** For node:test: false, or why not. */
export const skip = existsSync(RELEASE) ? false : '`make` has not built it';
