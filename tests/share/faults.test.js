// Whatever happens to service and function app, a shared file's line of state is true and viewers
// have its text in the end. One session lives through all of it.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { eventually } from '../lib/deadline.js';
import { startFaultStack } from '../lib/fault-stack.js';
import { OPTIONS, test } from '../lib/fault-test.js';
import { ViewerPage } from '../lib/page-core.js';
import { folder, SOON_MS, startShare } from '../lib/share-program.js';

const HOLE = { up: { end: 'hole' }, down: { end: 'hole' } };

/** What is done to a stream, and how it heals. */
const FAULTS = {
  'the service is restarted': {
    begin: (stack) => stack.stopService(),
    end: (stack) => stack.startService(),
  },
  'the network of the service goes silent': {
    begin: (stack) => stack.front.fault(HOLE, 'client'),
    end: (stack) => stack.front.fault({}, 'client'),
  },
  'the function app takes no events': {
    begin: async (stack) => {
      await stack.app.fault({ accept: 'reset' }, 'event');
      stack.app.cut('event');
    },
    end: (stack) => stack.app.fault({}, 'event'),
  },
  'the service and the function app are away': {
    begin: async (stack) => {
      await stack.app.fault({ accept: 'reset' }, 'negotiate');
      stack.app.cut('negotiate');
      await stack.stopService();
    },
    end: async (stack) => {
      await stack.startService();
      await stack.app.fault({}, 'negotiate');
    },
  },
};

test('codestream-share says what is wrong, and what is saved meanwhile arrives afterwards', async (t) => {
  const stack = await startFaultStack(OPTIONS);
  t.after(() => stack.close());
  const home = await folder(t);
  const file = `${home}/file.txt`;
  await writeFile(file, 'first');
  const page = ['--page', 'http://localhost:9/', '--api', stack.api];
  const share = startShare([...page, file], { home });
  const viewer = new ViewerPage({ backEnd: { api: stack.api }, room: await share.room() });
  t.after(() => viewer.close());
  const arrives = (text) =>
    eventually(2 * SOON_MS, () => viewer.text === text && viewer.live, `the text ${text}`);
  await arrives('first');
  await share.says(/^Live, 1 viewer$/);

  let before = 'first';
  for (const [what, { begin, end }] of Object.entries(FAULTS)) {
    await begin(stack);
    await writeFile(file, what);
    await share.says(/^(Reconnecting|Offline|Not sent|Slow)/);
    assert.equal(viewer.text, before);
    await end(stack);
    await arrives(what);
    await share.says(/^Live, (1 viewer|counting viewers)$/);
    before = what;
  }
  await share.says(/^Live, 1 viewer$/);

  // A second Ctrl-C does not wait until the viewers have been told.
  await stack.front.fault(HOLE, 'client');
  await eventually(SOON_MS, () => {
    share.child.kill('SIGINT');
    return share.child.exitCode !== null;
  }, 'the end', undefined, 100);
  assert.deepEqual(await share.exited, { code: 130, signal: null });
});
