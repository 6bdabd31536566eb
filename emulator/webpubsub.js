#!/usr/bin/env node
// The commands of the stand-in for Azure Web PubSub for Socket.IO.

import { exec } from './commands/exec.js';
import { serve } from './commands/serve.js';
import { token } from './commands/token.js';

const COMMANDS = { exec, token };

const [name, ...args] = process.argv.slice(2);
if (Object.hasOwn(COMMANDS, name ?? '')) await COMMANDS[name](args);
else await serve(process.argv.slice(2));
