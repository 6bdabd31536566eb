// The programs of README.md: handlers in several languages, with nothing but what the language brings.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { choosePort } from '../listen.js';
import { startWebPubSub } from '../webpubsub/service.js';
import { JAVA, RawSocket, inTime } from './testing.js';
import { test } from './test.js';

const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url));
const HUB = 'chat'; // the one that the programs send to
const VALIDATED_MS = 60_000; // a Java program is compiled first

/** The command of a language, how it is asked whether it is there, and its programs. */
const LANGUAGES = {
  Node: [process.execPath, '--version', 'handler.mjs', 'say.mjs'],
  Python: ['python3', '--version', 'handler.py', 'say.py'],
  Java: ['java', '-version', 'Handler.java', 'Say.java'],
};

const isThere = (command, question) => spawnSync(command, [question]).status === 0;

/** A client in namespace / whose handler is a program. */
async function start(t, command, file) {
  const port = await choosePort(0);
  const urlTemplate = `http://127.0.0.1:${port}/events`;
  const systemEvents = ['connect', 'connected', 'disconnected'];
  const eventHandlers = [{ urlTemplate, userEventPattern: '*', systemEvents }];
  const lines = [];
  const service = await startWebPubSub({
    hubs: { [HUB]: { anonymousConnectPolicy: 'allow', eventHandlers } },
    log: (line) => /^warn (?!.*(?:ECONNREFUSED|still waiting))/.test(line) && lines.push(line),
  });
  const env = {
    ...process.env, ...JAVA, PORT: String(port),
    WebPubSubForSocketIOConnectionString: service.connectionString,
  };
  const program = spawn(command, [EXAMPLES + file], { env, stdio: 'ignore' });
  const ended = new Promise((resolve) => program.on('close', resolve));
  t.after(async () => {
    program.kill('SIGKILL');
    await ended;
    await service.close();
  });
  assert.deepEqual(await service.handlersValidated(VALIDATED_MS), []);
  const place = `127.0.0.1:${service.port}/clients/socketio/hubs/${HUB}`;
  const client = new RawSocket(`ws://${place}/?EIO=4&transport=websocket`);
  t.after(() => client.socket.terminate());
  await client.next();
  client.send('40');
  assert.match(await client.packet(), /^40\{"sid"/);
  return { client, lines };
}

for (const [language, [command, question, handler, say]] of Object.entries(LANGUAGES)) {
  const skip = isThere(command, question) ? false : `${command} is not on this machine`;

  test(`${language}: a handler that acknowledges`, { skip }, async (t) => {
    const { client, lines } = await start(t, command, handler);
    client.send('427["hello","wörld",1]');
    assert.equal((await client.packet()).replaceAll(' ', ''), '437["ok","wörld",1]'.replace('ö', ofJson(language)));
    client.send('40/a,');
    assert.match(await client.packet(), /^40\/a,/);
    client.send('42/a,8["hello"]');
    assert.equal(await client.packet(), '43/a,8["ok"]');
    assert.deepEqual(lines, []);
  });

  test(`${language}: a handler that says it to all`, { skip }, async (t) => {
    const { client, lines } = await start(t, command, say);
    client.send('427["say","it"]');
    const packets = await inTime(Promise.all([client.packet(), client.packet()]), 'packets');
    const plain = packets.map((packet) => packet.replaceAll(' ', ''));
    assert.deepEqual(plain.sort(), ['42["said","it"]', '437["ok","it"]']);
    assert.deepEqual(lines, []);
  });
}

/** Python's json writes ASCII. */
const ofJson = (language) => (language === 'Python' ? '\\u00f6' : 'ö');

test('the programs are short, and the README has those that acknowledge as they are', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  for (const [, , handler, say] of Object.values(LANGUAGES)) {
    const source = readFileSync(EXAMPLES + handler, 'utf8');
    assert.ok(source.split('\n').length < 40, handler);
    assert.ok(readme.includes(`\n${source}\`\`\``), handler);
    assert.ok(readme.includes(`examples/${say}`), say);
  }
});
