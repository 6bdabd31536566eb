// Whatever happens to service and function app, a shared file's line of state is true and viewers
// have its text in the end.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe } from 'node:test';
import { eventually } from '../lib/deadline.js';
import { startFaultStack } from '../lib/fault-stack.js';
import { AT_ONCE, OPTIONS, test } from '../lib/fault-test.js';
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

describe('codestream-share', AT_ONCE, () => {
  for (const [what, { begin, end }] of Object.entries(FAULTS))
    test(`${what}: it says so, and what is saved meanwhile arrives afterwards`, async (t) => {
      const stack = await startFaultStack(OPTIONS);
      t.after(() => stack.close());
      const home = await folder(t);
      const file = `${home}/file.txt`;
      await writeFile(file, 'before');
      const page = ['--page', 'http://localhost:9/', '--api', stack.api];
      const share = startShare([...page, file], { home });
      const viewer = new ViewerPage({ backEnd: { api: stack.api }, room: await share.room() });
      t.after(() => viewer.close());
      await eventually(SOON_MS, () => viewer.text === 'before' && viewer.live, 'the first text');
      await begin(stack);
      await writeFile(file, 'meanwhile');
      await share.says(/^(Reconnecting|Connecting|Offline|Not sent|Slow)/);
      assert.equal(viewer.text, 'before');
      await end(stack);
      await eventually(2 * SOON_MS, () => viewer.text === 'meanwhile' && viewer.live, 'the text');
      await share.says(/^Live, 1 viewer$/);
      assert.deepEqual(await share.end('SIGINT'), { code: 0, signal: null });
    });
});
