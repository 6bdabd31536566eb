import test from 'node:test';
import assert from 'node:assert/strict';
import { Flights } from '../src/flights.js';
import { Viewer } from '../src/viewer.js';
import { Writer } from '../src/writer.js';
import { hash } from '../src/ops.js';
import {
  countText,
  recordingQuestion,
  savedNotice,
  viewerStatus,
  writerStatus,
} from '../src/status.js';

const up = { phase: 'up', since: 0, network: true };

function writing(change = {}, { link = up, now = 100, takenOver = false, draftKept = true } = {}) {
  const writer = new Writer({ epoch: 1, text: '', language: 'plaintext', name: '' });
  writer.joined('w', 0);
  return writerStatus({ link, writer: Object.assign(writer, change), takenOver, draftKept, now });
}

function watching(
  session = {},
  { link = up, now = 100, text = 'text', pen = false, past = false, prepare = () => {} } = {},
) {
  const viewer = new Viewer({ random: () => 0 });
  viewer.joined('v', 0);
  if (text !== null) {
    viewer.heard(
      {
        type: 'full',
        epoch: 1,
        seq: 1,
        version: 1,
        content: text,
        n: text.length,
        hash: hash(text),
        sid: 'w',
        ...session,
      },
      'w',
      10,
    );
  }
  prepare(viewer);
  return viewerStatus({ link, viewer, now, pen, past });
}

test('each state of the writer has its word', () => {
  const flights = new Flights();
  flights.start({ kind: 'stream' }, 0);
  const words = {
    Live: writing(),
    Connecting: writing({}, { link: { ...up, phase: 'connecting' } }),
    Reconnecting: writing({}, { link: { ...up, phase: 'down' } }),
    Offline: writing({}, { link: { ...up, phase: 'down', network: false } }),
    'Not connected': writing(
      {},
      { link: { ...up, phase: 'failed', trouble: { code: 'X', message: 'no', final: true } } },
    ),
    Paused: writing({ paused: true }),
    Ended: writing({ ended: true, endTold: true }),
    'Taken over': writing({}, { takenOver: true }),
    'Not sent': writing({ problem: { code: 'Upstream', message: 'no' } }),
    Slow: writing({ flights }, { now: 3_000 }),
  };
  for (const [word, status] of Object.entries(words)) assert.equal(status.word, word);
});

/** The service refuses the viewer's next question. @param {Viewer} viewer */
function refused(viewer) {
  const [{ id }] = viewer.poll(0);
  const error = { code: 'Busy', message: 'too much in flight' };
  viewer.answered(id, { success: false, error }, 0);
}

test('each state of the viewer has its word', () => {
  const words = {
    Live: watching(),
    Connecting: watching({}, { text: null }),
    'Waiting for the writer': watching({}, { text: null, now: 5_000 }),
    Reconnecting: watching({}, { link: { ...up, phase: 'down' } }),
    Offline: watching({}, { link: { ...up, phase: 'down' }, now: 20_000 }),
    'Writer away': watching({}, { now: 15_000 }),
    Paused: watching({ paused: true }),
    Ended: watching({ ended: true }),
    'Not received': watching({}, { text: null, prepare: refused }),
    'Out of date': watching(
      {},
      {
        prepare: (viewer) => {
          viewer.behind = true;
        },
      },
    ),
  };
  for (const [word, status] of Object.entries(words)) assert.equal(status.word, word);
});

test('only a text that is known to be the newest is called live', () => {
  assert.equal(watching().tone, 'ok');
  for (const status of [
    watching({ paused: true }),
    watching({}, { now: 15_000 }),
    watching({}, { link: { ...up, phase: 'down' } }),
    watching({}, { prepare: (viewer) => viewer.left() }),
  ])
    assert.notEqual(status.tone, 'ok');
});

test('a viewer whose questions are refused is told so, until one is not or the text comes', () => {
  const words = (prepare) => watching({}, { text: null, now: 5_000, prepare }).word;
  const answered = (viewer) => {
    refused(viewer);
    const [{ id }] = viewer.poll(2_000);
    viewer.answered(id, { success: true }, 2_000);
  };
  assert.equal(words(refused), 'Not received');
  assert.equal(words(answered), 'Waiting for the writer');
  const { notice } = watching({}, { text: null, prepare: refused });
  assert.match(notice.text, /asked for the text: too much in flight\. .*by itself/);
  const withText = (viewer) => viewer.answered(0, { success: false, error: { code: 'Busy' } }, 0);
  assert.equal(watching({}, { prepare: withText }).word, 'Live');
});

test('a lost connection is told at once, explained after 3 s and offline before 15 s', () => {
  const at = (now) => watching({}, { link: { ...up, phase: 'down', since: 0 }, now });
  assert.deepEqual([at(0).word, at(0).notice], ['Reconnecting', undefined]);
  assert.match(at(4_000).notice.text, /may not be the newest/);
  assert.equal(at(14_000).word, 'Offline');
});

test('every banner says what to do, or that nothing has to be done', () => {
  const banners = [
    writing({}, { link: { ...up, phase: 'down', since: -60_000 } }),
    writing({ paused: true }),
    writing({ ended: true, endTold: true }),
    writing({}, { takenOver: true }),
    writing({ problem: { code: 'Busy', message: 'too much' } }),
    watching({ ended: true }),
    watching({}, { now: 15_000 }),
    watching({}, { link: { ...up, phase: 'down', since: -60_000 } }),
  ].map(({ notice }) => notice);
  for (const notice of banners)
    assert.ok(notice.action || /by itself|is sent again/.test(notice.text), notice.text);
  for (const notice of banners.filter(({ action }) => action)) assert.ok(notice.label);
});

test('a browser that keeps nothing is not said to keep the text', () => {
  const link = { ...up, phase: 'down', since: -5_000 };
  const { notice } = writing({}, { link, draftKept: false });
  assert.match(notice.text, /keeps no copy: leave the page open/);
});

test('the writer learns that the text is safe while the connection is lost', () => {
  assert.match(
    writing({}, { link: { ...up, phase: 'down', since: -5_000 } }).notice.text,
    /kept in this browser/,
  );
});

test('where the link is given up nobody is promised that the text will be sent', () => {
  const trouble = { code: 'Forbidden', message: 'no', final: true };
  const link = { ...up, phase: 'failed', trouble };
  const { notice } = writing({}, { link });
  assert.match(notice.text, /kept in this browser, and a new session begins with it/);
  assert.match(writing({}, { link, draftKept: false }).notice.text, /copy your text/);
  for (const draftKept of [true, false])
    assert.doesNotMatch(writing({}, { link, draftKept }).notice.text, /connection is back/);
});

test('a writer who lacks the word is told where to enter it', () => {
  const trouble = { code: 'WritersWord', message: 'no', final: true };
  const link = { phase: 'failed', since: 0, network: true, trouble };
  const { word, notice } = writing({}, { link });
  assert.equal(word, 'Not connected');
  assert.equal(notice.action, 'word');
  assert.match(notice.text, /a word/);
  const other = { ...link, trouble: { ...trouble, code: 'Forbidden' } };
  assert.equal(writing({}, { link: other }).notice.action, 'new-session');
  assert.notEqual(watching({}, { link }).notice.action, 'word', 'viewers are never asked');
});

test('a large number of viewers is said to be about that', () => {
  const words = [
    [0, '0'], [1, '1'], [500, '500'], [523, 'about 520'], [996, 'about 1,000'], [1_234, 'about 1,230'],
    [12_437, 'about 12,400'], [123_456, 'about 123,000'], [1_000_000, 'about 1,000,000'],
  ];
  for (const [viewers, text] of words) assert.equal(countText(viewers), text);
});

test('writer and viewer say how often something arrives when that is more seldom than usual', () => {
  const writer = new Writer({ epoch: 1, text: '', language: 'plaintext', name: '' });
  for (let i = 0; i < 1_600; i++) writer.audience.join(`v${i}`);
  writer.joined('w', 0);
  const state = { link: up, writer, takenOver: false, draftKept: true, now: 100 };
  assert.deepEqual([writer.pace, writerStatus(state).word], [800, 'Live, every 0.8 s']);
  writer.admitted({ units: 4 });
  assert.deepEqual([writer.pace, writerStatus(state).word], [200, 'Live']);
  assert.equal(watching({ pace: 800 }).word, 'Live, every 0.8 s');
  assert.equal(watching({ pace: 90 }).word, 'Live');
});

test("with a writer's link the pen is offered once the text here is the writer's, or there is none", () => {
  const offered = (session, more = {}) =>
    watching(session, { pen: true, ...more }).notice?.action === 'write';
  assert.ok(offered({}));
  assert.ok(offered({ paused: true }));
  assert.ok(offered({}, { text: null, now: 3_000 }), 'nobody writes');
  assert.ok(offered({}, { now: 20_000, prepare: (viewer) => (viewer.behind = true) }), 'away');
  assert.match(watching({}, { pen: true, now: 20_000 }).notice.text, /not connected.*may write here/);
  assert.ok(!offered({}, { text: null }), 'the text may be on its way');
  assert.ok(!offered({}, { prepare: (viewer) => (viewer.behind = true) }), 'out of date');
  assert.ok(!offered({ ended: true }));
  for (const phase of ['connecting', 'down', 'failed'])
    assert.ok(!offered({}, { link: { ...up, phase } }), phase);
  assert.ok(!offered({}, { pen: false }));
});

test('whoever downloads a recording is told of what was deleted, and of what is no longer there', () => {
  assert.match(recordingQuestion(true), /everything .* also what was deleted since/);
  assert.match(recordingQuestion(false), /beginning is gone\..* also what was deleted since/);
});

test('whatever else is so, a past text is said to be one', () => {
  const states = [
    [{}, {}],
    [{ paused: true }, {}],
    [{ ended: true }, {}],
    [{}, { now: 15_000 }],
    [{}, { link: { ...up, phase: 'down', since: -60_000 } }],
    [{}, { link: { ...up, phase: 'failed', trouble: { code: 'X', message: 'no', final: true } } }],
  ];
  for (const [session, options] of states) {
    const { word, tone, notice } = watching(session, { ...options, past: true });
    assert.deepEqual([word, tone], ['Rewound', 'off']);
    assert.doesNotMatch(notice?.text ?? '', /This is the last text/);
  }
  assert.match(watching({ ended: true }, { past: true }).notice.text, /ended.*an earlier text/);
});

test('a viewer who waits in vain is told what can be done, and promised nothing', () => {
  const at = (now) => watching({}, { text: null, now });
  assert.equal(at(5_000).notice, undefined);
  const { word, notice } = at(10_000);
  assert.equal(word, 'Waiting for the writer');
  assert.match(notice.text, /^Nobody is writing here now\. If .*ask for a new link\.$/);
  assert.deepEqual([notice.action, notice.label], ['new-session', 'Start your own']);
});

test('a service that answers, even if it refuses, is not said to be silent', () => {
  const status = (code, message, phase = 'connecting', now = 20_000) =>
    watching({}, { text: null, now, link: { ...up, phase, trouble: { code, message, final: false } } });
  for (const phase of ['connecting', 'down'])
    for (const now of [4_000, 20_000]) {
      // What stands in front of the function app answers without its words.
      for (const code of ['Busy', 'Http503', 'Http429']) {
        const busy = status(code, 'too much in flight', phase, now);
        assert.equal(busy.word, 'Busy');
        assert.match(busy.notice.text, /^The service is busy/);
      }
      const { text } = status('Http502', 'The function app answered 502.', phase, now).notice;
      assert.match(text, /answered: The function app answered 502\. The page tries again/);
    }
  for (const code of ['Unreachable', 'Unanswered', 'Timeout', 'Disconnected'])
    assert.match(status(code, 'nothing').notice.text, /cannot be reached/);
});

test('a writer whose browser keeps no copy is told so also while all goes well', () => {
  assert.equal(writing().notice, undefined);
  const { word, notice } = writing({}, { draftKept: false });
  assert.equal(word, 'Live');
  assert.match(notice.text, /keeps no copy: close or reload this page only after/);
  const paused = writing({ paused: true }, { draftKept: false }).notice;
  assert.match(paused.text, /Nothing you type is sent.*keeps no copy/);
  assert.equal(paused.action, 'resume');
  assert.equal(savedNotice(true), 'The text is kept in this browser.');
  assert.match(savedNotice(false), /keeps no copy/);
});

test('a viewer whose request is refused is not offered a new session, but one of their own', () => {
  const link = { ...up, phase: 'failed', trouble: { code: 'X', message: 'no', final: true } };
  assert.equal(watching({}, { link }).notice.label, 'Start your own');
  assert.equal(writing({}, { link }).notice.label, 'Start a new session');
});
