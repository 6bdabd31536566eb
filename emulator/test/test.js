// node:test with a deadline on every test and on the whole file, so that nothing can hang a run.
import * as node from 'node:test';
import { PATIENCE } from './patience.js';

const TEST_MS = 60_000;
/** They end what hangs: a file takes four minutes at most where nobody else is at work. */
const FILE_MS = 2_400_000;

// A file whose tests are over but whose sockets are not would wait for ever: this ends it as
// failed.
setTimeout(() => {
  process.stderr.write(`this test file was not done after ${FILE_MS / 1000} s\n`);
  process.exit(1);
}, FILE_MS).unref();

// When all is over Node closes what is left, and can wait there for ever for a connection that was
// reset while it was written to. The tests have closed what they care about.
process.once('beforeExit', () => process.once('exit', (code) => process.exit(code)));

/** What the file that is being loaded has said; elsewhere it is said to Node at once. */
let said;
const toNode = (say) => (...given) => (said ? said.push(() => say(...given)) : say(...given));

/** What a file says while it is loaded, to be said to Node later, in a suite of its own. */
export async function saidBy(load) {
  said = [];
  try {
    await load();
    return said;
  } finally {
    said = undefined;
  }
}

/** `test(sentence, fn)` or `test(sentence, { timeout, … }, fn)`; see PATIENCE. */
export const test = toNode((sentence, ...rest) => {
  const body = rest.pop();
  const { timeout = TEST_MS, ...options } = rest[0] ?? {};
  return node.test(sentence, { timeout: PATIENCE * timeout, ...options }, body);
});

export const after = toNode(node.after);
export const afterEach = toNode(node.afterEach);
export const before = toNode(node.before);
