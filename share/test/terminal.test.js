// What is written to a terminal, and in which order.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { FullScreen } from '../src/screens.js';
import { StateLine } from '../src/terminal.js';

/** A terminal of this size, and what has been written to it. */
class Terminal extends EventEmitter {
  isTTY = true;
  written = '';

  constructor(rows, columns) {
    super();
    Object.assign(this, { rows, columns });
  }

  write(piece) {
    this.written += piece;
    return true;
  }

  /** What has been written since this was asked last. */
  get news() {
    const { written } = this;
    this.written = '';
    return written;
  }

  resize(rows, columns) {
    Object.assign(this, { rows, columns });
    this.emit('resize');
  }
}

test('the state is written over, goes without a trace, and is as long as the terminal is wide', () => {
  const terminal = new Terminal(24, 10);
  const line = new StateLine(terminal);
  line.show('Connecting and more');
  assert.equal(terminal.news, '\r\x1b[2KConnectin');
  terminal.resize(24, 30);
  assert.equal(terminal.news, '\r\x1b[2KConnecting and more');
  process.emit('SIGCONT'); // after Ctrl-Z and fg
  assert.equal(terminal.news, '\r\x1b[2KConnecting and more');
  line.say('said');
  assert.equal(terminal.news, '\r\x1b[2Ksaid\n\r\x1b[2KConnecting and more');
  line.clear();
  assert.equal(terminal.news, '\r\x1b[2K');
  terminal.resize(24, 20);
  line.clear();
  assert.equal(terminal.news, '');
  line.show('Live');
  line.end();
  assert.equal(terminal.news, '\r\x1b[2KLive\n');
});

test('a terminal of another size is drawn anew, with the writer’s line on it', () => {
  const terminal = new Terminal(10, 40);
  const text = Array.from({ length: 100 }, (_, i) => `line ${i + 1}`).join('\n');
  const screen = new FullScreen(terminal, { isTTY: false });
  screen.show({ text, offset: text.indexOf('line 77'), state: 'Live' });
  assert.match(terminal.news, /line 77\x1b.*Live/s);
  for (const [rows, columns] of [[5, 40], [30, 120], [2, 8], [0, 0]]) {
    terminal.resize(rows, columns);
    const drawn = terminal.news;
    assert.match(drawn, /line 77/);
    assert.equal(drawn.split('\r\n').length, rows || 24);
  }
  screen.close();
  assert.equal(terminal.news, '\x1b[?7h\x1b[?25h\x1b[?1049l');
  terminal.resize(10, 40);
  assert.equal(terminal.news, '');
});
