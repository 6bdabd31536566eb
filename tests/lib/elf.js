// What a program's headers say of how it is loaded, read by readelf.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';

export function readElf(file, ...options) {
  return execFileSync('readelf', ['--wide', ...options, file], { encoding: 'utf8' });
}

/** The segments: { type, flags }. */
function segments(file) {
  const line = /^ {2}([A-Z_]+) +(?:0x[0-9a-f]+ +){5}([R ][W ][E ])/gm;
  return [...readElf(file, '--segments').matchAll(line)]
    .map(([, type, flags]) => ({ type, flags: flags.replaceAll(' ', '') }));
}

/**
 * Loaded at an address that nobody can tell; what the loader has filled in cannot be written any
 * more, all of it before the program starts; nothing is both written and run, the stack included;
 * and no library is looked for where others may put one.
 */
export function assertHardened(file) {
  assert.match(readElf(file, '--file-header'), /Type: +DYN/);
  const all = segments(file);
  const ofType = (type) => all.filter((segment) => segment.type === type);
  assert.ok(ofType('LOAD').length >= 3, JSON.stringify(all));
  for (const { type, flags } of all) assert.ok(!/W.*E/.test(flags), `${type} ${flags}`);
  assert.deepEqual(ofType('GNU_STACK').map(({ flags }) => flags), ['RW']);
  assert.equal(ofType('GNU_RELRO').length, 1);
  const dynamic = readElf(file, '--dynamic');
  assert.match(dynamic, /\(FLAGS_1\) +Flags:.*\bNOW\b/);
  assert.match(dynamic, /\(FLAGS_1\) +Flags:.*\bPIE\b/);
  assert.ok(!/\((RPATH|RUNPATH|TEXTREL)\)/.test(dynamic), dynamic);
}
