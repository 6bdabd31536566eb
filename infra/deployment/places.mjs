// Where everything lies that a deployment needs: in this repository, or in a release.
import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** In a release: the sum of each of its files. */
export const SUMS = 'SHA256SUMS';

/** Of this repository, or of the release in which this program stands. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How a person runs a program where they are. */
function asTyped(file) {
  const there = relative('', file);
  return ['node', there.split(sep)[0] === '..' ? file : there];
}

const REPOSITORY = {
  zip: join(ROOT, 'build/codestream.zip'),
  page: join(ROOT, 'web/dist'),
  main: join(ROOT, 'infra/main.bicep'),
  hub: join(ROOT, 'infra/hub.bicep'),
  check: join(ROOT, 'build/check.cjs'),
  commands: { doctor: asTyped(join(ROOT, 'infra/doctor.mjs')), check: asTyped(join(ROOT, 'build/check.cjs')) },
};

export const BUILD = 'make package web/dist/index.html';

/** In a release's folder. Of a template that is compiled, that: it needs no Bicep. */
export function placesIn(folder) {
  const at = (name) => resolve(folder, name);
  const template = (name) => at(existsSync(at(`infra/${name}.json`)) ? `infra/${name}.json` : `infra/${name}.bicep`);
  return {
    release: resolve(folder),
    zip: at('codestream.zip'),
    page: at('page'),
    main: template('main'),
    hub: template('hub'),
    check: at('check.cjs'),
    commands: { doctor: asTyped(at('doctor.cjs')), check: asTyped(at('check.cjs')) },
  };
}

/** A program that stands in a release deploys that. */
export const PLACES = existsSync(join(ROOT, SUMS)) ? placesIn(ROOT) : REPOSITORY;
