// The handler's own work: how many instructions each path of paths.c takes, without the libraries
// that carry HTTP.

import { execFileSync } from 'node:child_process';
import { count } from './callgrind.mjs';

const PROGRAM = 'build/bench/paths';
const TIMES = 100;

export const pathNames = () =>
  execFileSync(PROGRAM, { encoding: 'utf8', timeout: 10_000 }).trim().split('\n');

/** Instructions for one go along each path. @param {string} counts a file to use */
export function countPaths(counts) {
  const names = pathNames();
  // Setting up goes along every path once, whichever is to be counted then.
  const none = count(PROGRAM, [names[0], '0'], counts);
  return names.map((name) => {
    const some = count(PROGRAM, [name, String(TIMES)], counts);
    return { name, count: Math.round((some - none) / TIMES), tolerance: 2 };
  });
}
