// Pages written after the two articles that this product was asked for work against this back end.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from '../lib/test.js';
import { Inbox, within } from '../lib/deadline.js';
import { ROOT } from '../lib/handler.js';
import { startStack } from '../lib/stack.js';

const PAGE = path.join(ROOT, 'tests/lib/article-page.js');
const SEEN_MS = 10_000;

const ARTICLES = [
  { article: 'the first article', hub: 'codestream', syncTo: 'room' },
  { article: 'the first article, asking the control room', hub: 'codestream', syncTo: 'control' },
  { article: 'the second article', hub: 'eio_hub', syncTo: 'room' },
];

class Page {
  constructor(options) {
    this.told = new Inbox('a report of the page');
    this.child = fork(PAGE, [JSON.stringify(options)], { execArgv: [] });
    this.child.on('message', (message) => this.told.push(message));
  }

  async next(name, wanted = () => true) {
    const message = await this.told.next((one) => name in one && wanted(one[name]), SEEN_MS);
    return message[name];
  }

  get thrown() {
    return this.told.all.filter(({ thrown }) => thrown).map(({ thrown }) => thrown);
  }

  type(text) {
    this.child.send({ type: text });
  }

  async close() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await within(SEEN_MS, closed, 'the end of the page');
  }
}

for (const { article, hub, syncTo } of ARTICLES) {
  test(`client code after ${article} works as it stands`, { timeout: 60_000 }, async () => {
    const stack = await startStack({ hub });
    const pages = [];
    const open = (options) => {
      pages.push(new Page({ api: stack.api, hub, syncTo, ...options }));
      return pages.at(-1);
    };
    try {
      await writeAndWatch(open);
    } finally {
      await Promise.all(pages.map((page) => page.close()));
      await stack.close();
    }
  });
}

async function writeAndWatch(open) {
  const writer = open({ role: 'writer' });
  const roomId = await writer.next('streamId');
  assert.equal(await writer.next('status'), 'Connected');
  await writer.next('thrown');
  await writer.next('loaded');

  // Somebody watches from the start.
  const early = open({ role: 'viewer', roomId });
  assert.equal(await early.next('streamId'), roomId);
  assert.equal(await early.next('status'), 'Connected');
  assert.equal(await early.next('text'), '', 'the full text of an empty editor');
  writer.type('Hello');
  await early.next('text', (text) => text === 'Hello');
  writer.type(', world');
  await early.next('text', (text) => text === 'Hello, world');

  // Somebody comes late and gets the text up to here, then what follows.
  const late = open({ role: 'viewer', roomId });
  await late.next('text', (text) => text === 'Hello, world');
  writer.type('!\n');
  for (const viewer of [early, late]) {
    await viewer.next('text', (text) => text === 'Hello, world!\n');
  }

  // The writer's handler stumbles over the answer to its own joinRoom, in the original too, and
  // over nothing else; viewers over nothing at all.
  assert.equal(writer.thrown.length, 1, writer.thrown.join('\n'));
  assert.match(writer.thrown[0], /TypeError/);
  assert.deepEqual([...early.thrown, ...late.thrown], []);
}
