// Where everything lies that a deployment needs of this repository.
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

export const PLACES = {
  zip: path('build/codestream.zip'),
  page: path('web/dist'),
  main: path('infra/main.bicep'),
  hub: path('infra/hub.bicep'),
  check: path('build/check.cjs'),
};

/** How a person calls what is in infra/, from the root of the repository. */
export const COMMANDS = {
  deploy: 'infra/deploy.mjs',
  destroy: 'infra/destroy.mjs',
  upload: 'infra/upload.mjs',
  doctor: 'node infra/doctor.mjs',
  check: 'node build/check.cjs',
  build: 'make package web/dist/index.html',
};
