// The servers that are compared: what each is, how it is started, and in what it takes part.
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../tests/lib/handler.js';

export const BUILT = path.join(ROOT, 'build/bench');
const peer = (file) => path.join(ROOT, 'bench/peers', file);

// What the just-in-time compiler of Node needs to be at its best; the others need next to none.
const NODE_WARM = 3;
const WARM = 0.5;

const node = (id, name, takes) => ({
  id, name, takes, warm: NODE_WARM, isSlow: true,
  command: process.execPath, args: [peer(`${id}.js`)],
});
const binary = (id, name, takes, file = id) => ({
  id, name, takes, warm: WARM, command: path.resolve(BUILT, file), args: [],
});
const floor = (id, name, takes, ...args) => (
  { ...binary(id, name, [takes], 'floor'), args, hasPortOption: true });
const ALL = ['start', 'negotiate', 'events', 'crowd', 'tls', 'memory'];

/** In the order in which each round asks them. */
export const SERVERS = [
  node('express-sdk', 'Express + SDK', ALL),
  node('express-plain', 'Express, own token', ['start', 'negotiate']),
  node('node-raw', 'Node, raw', ALL),
  binary('go', 'Go net/http', ALL),
  { ...binary('nginx', 'nginx, constant', ['negotiate']), command: 'nginx' },
  floor('floor', 'floor: epoll by hand', 'negotiate'),
  floor('floor-log', 'floor that logs', 'logging', '--log', '1'),
  binary('limit', 'limit: client by hand', ['events', 'crowd', 'memory'], 'codestream-limit'),
  binary('codestream', 'codestream', [...ALL, 'full', 'waiting', 'at-once'], '../../codestream'),
  binary('package', 'codestream, packaged', ['start'], '../package/codestream'),
  binary('unparsed', 'codestream, JSON unread', ['full'], 'codestream-unparsed'),
];

/** Servers of our own making: what they cannot do is an error, not a gap in the table. */
export const OURS = new Set(['codestream', 'limit', 'unparsed', 'floor']);

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
  go: 'Go is not installed',
  nginx: 'nginx is not there',
  package: 'not built; `make package` builds it',
};

/** Why a server cannot take part, in words; null if it can. */
export function whyMissing({ id, command }) {
  const isThere = path.isAbsolute(command) ? canRun(command) : findCommand(command);
  return isThere ? null : WHY_MISSING[id] ?? `not built: ${path.relative(ROOT, command)}`;
}
