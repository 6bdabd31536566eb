// The servers that are compared: what each is, how it is started, and in what it takes part.
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../tests/lib/handler.js';

export const BUILT = path.join(ROOT, 'build/bench');
const peer = (file) => path.join(ROOT, 'bench/peers', file);

// What the just-in-time compiler of Node needs to be at its best; the others need next to none.
const NODE_WARM = 3;
const WARM = 0.5;

/** What no goal speaks of, or is far from, takes part in every third round. */
const SELDOM = 3;

const node = (id, name, takes) => ({
  id, name, takes, warm: NODE_WARM, isSlow: true, every: SELDOM,
  command: process.execPath, args: [peer(`${id}.js`)],
});
const binary = (id, name, takes, file = id) => ({
  id, name, takes, warm: WARM, command: path.resolve(BUILT, file), args: [],
});
const ALL = ['start', 'negotiate', 'events', 'crowd', 'tls'];
const WITH_MEMORY = [...ALL, 'waiting'];

/** In the order in which each round asks them. */
export const SERVERS = [
  node('express-sdk', 'Express + SDK', ALL),
  node('express-plain', 'Express, own token', ['start', 'negotiate']),
  node('node-raw', 'Node, raw', ALL),
  binary('go', 'Go net/http', WITH_MEMORY),
  binary('fasthttp', 'Go fasthttp', WITH_MEMORY),
  binary('hyper', 'Rust hyper', WITH_MEMORY),
  { ...binary('nginx', 'nginx, constant', ['negotiate']), command: 'nginx', every: SELDOM },
  { ...binary('floor', 'floor: epoll by hand', ['negotiate']), hasPortOption: true },
  binary('limit', 'limit: client by hand', ['events', 'crowd', 'tls', 'waiting'],
    'codestream-limit'),
  binary('package', 'codestream, packaged', [...WITH_MEMORY, 'many', 'at-once', 'full'],
    '../package/codestream'),
  {
    ...binary('codestream', 'codestream, shared libraries', [...WITH_MEMORY, 'full'],
      '../../codestream'),
    every: SELDOM,
  },
  binary('unparsed', 'codestream, JSON unread', ['full'], 'codestream-unparsed'),
];

/** Servers of our own making: what they cannot do is an error, not a gap in the table. */
export const OURS = new Set(['package', 'codestream', 'limit', 'unparsed', 'floor']);

export const serverOf = (id) => SERVERS.find((server) => server.id === id);
export const nameOf = (id) => serverOf(id)?.name ?? id;

function canRun(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where a command is, those for root and unpacked ones included; undefined if it is nowhere. */
export function findCommand(command) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', BUILT];
  return folders.map((folder) => path.join(folder, command)).find(canRun);
}

const WHY_MISSING = {
  go: 'Go is not installed, or could not build it',
  fasthttp: 'no Go that can build it, or its module could not be fetched',
  hyper: 'Debian\'s librust-hyper-dev is not installed',
  nginx: 'nginx is not there',
  package: 'not built; `make package` builds it',
};

/** Why a server cannot take part, in words; null if it can. */
export function whyMissing({ id, command }) {
  const isThere = path.isAbsolute(command) ? canRun(command) : findCommand(command);
  return isThere ? null : WHY_MISSING[id] ?? `not built: ${path.relative(ROOT, command)}`;
}
