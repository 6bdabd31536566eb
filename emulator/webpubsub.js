#!/usr/bin/env node
// The commands of the stand-in for Azure Web PubSub for Socket.IO.

import { fail } from './cli.js';
import { exec } from './commands/exec.js';
import { serve } from './commands/serve.js';
import { token } from './commands/token.js';
import { nearest } from './nearest.js';

const COMMANDS = { exec, token };

const [name, ...args] = process.argv.slice(2);
if (Object.hasOwn(COMMANDS, name ?? '')) await COMMANDS[name](args);
else if (/^[^-]/.test(name ?? '')) fail(`there is no command '${name}': ${explain(name)}\nTry --help.`);
else await serve(process.argv.slice(2));

function explain(name) {
  const near = nearest(name, Object.keys(COMMANDS));
  return near === undefined ? 'they are token and exec; without one it serves' : `did you mean ${near}?`;
}
