// sources.sh with an apt of our own making: which versions it fetches of what is to be had.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../tests/lib/handler.js';
import { test } from '../../tests/lib/test.js';
import { makeFolder } from './empty-root.mjs';

const SOURCES = path.join(ROOT, 'packaging/sources.sh');

/** What takes the place of apt's programs and of dpkg-source, whose last word is a folder. */
const PROGRAMS = {
  'apt-cache': `case $* in
    *showsrc*) printf 'Version: %s\\n' $HAS ;;
    *) printf '%s\\n' "$SHOWS" ;;
  esac`,
  'apt-get': `case $* in *" source "*)
    for word; do :; done
    case " $LACKS " in *" \${word#*=} "*) exit 1 ;; esac
    touch x.dsc ;;
  esac`,
  'dpkg-source': 'for word; do :; done; mkdir "$word"',
};

/**
 * @param {object} apt `shows` what it knows of the library that it would install, `has` versions of
 *   the sources, of which the mirror `lacks` some
 * @returns what is noted of the versions, and the warnings
 */
function fetchSources({ shows, has, lacks = [] }) {
  const folder = makeFolder();
  try {
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    for (const [name, script] of Object.entries(PROGRAMS)) {
      writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(path.join(bin, name), 0o755);
    }
    const env = { PATH: `${bin}:${process.env.PATH}`, SHOWS: shows.join('\n'),
      HAS: has.join(' '), LACKS: lacks.join(' ') };
    execFileSync('sh', [SOURCES, folder, 'curl=libcurl4-openssl-dev'], { env, stdio: 'pipe' });
    const read = (name) => readFileSync(path.join(folder, name), 'utf8');
    return { versions: read('versions'), warnings: read('warnings') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const HAS = ['7.88.1-10+deb12u12', '8.14.1-2~bpo12+1', '7.88.1-10+deb12u5'];

test('of sources with a backport among them, those of what apt would install are fetched', () => {
  const shows = ['Package: libcurl4-openssl-dev', 'Source: curl', 'Version: 7.88.1-10+deb12u12'];
  assert.deepEqual(fetchSources({ shows, has: HAS }),
    { versions: 'curl 7.88.1-10+deb12u12 libcurl4-openssl-dev\n', warnings: '' });
});

test('a library that was compiled again has the version of its sources', () => {
  const shows = ['Source: curl (7.88.1-10+deb12u12)', 'Version: 7.88.1-10+deb12u12+b1'];
  assert.equal(fetchSources({ shows, has: HAS }).versions,
    'curl 7.88.1-10+deb12u12 libcurl4-openssl-dev\n');
});

test('where the mirror lacks them, the next older ones are, and a warning says so', () => {
  const shows = ['Source: curl', 'Version: 7.88.1-10+deb12u12'];
  const { versions, warnings } = fetchSources({ shows, has: HAS, lacks: [HAS[0]] });
  assert.equal(versions, 'curl 7.88.1-10+deb12u5 libcurl4-openssl-dev\n');
  assert.match(warnings, /^curl 7\.88\.1-10\+deb12u12 cannot be fetched/);
});
