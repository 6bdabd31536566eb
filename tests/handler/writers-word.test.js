// CODESTREAM_WRITERS: a room is opened by who sends the owner's word, and by nobody else, whatever
// path, method or spelling they try. Who opens no room is not asked for it.
import assert from 'node:assert/strict';
import { newRoom } from '../lib/events.js';
import { withDeployment } from '../lib/deployment.js';
import { CHECK, diagnose } from '../lib/doctor.js';
import { connectionString, runHandler, startHandler } from '../lib/handler.js';
import { request } from '../lib/http.js';
import { startStack } from '../lib/stack.js';
import { after, before, test } from '../lib/test.js';

const SERVICE = connectionString('https://example.webpubsub.azure.com');
const WORD = 'open sesame, "please" \\ né';
const WRONG = 'open sesame, "please" \\ ne';
const ROOM = newRoom();
const JSON_TYPE = { 'Content-Type': 'application/json' };

let handler;
before(async () => {
  handler = await startHandler({ service: SERVICE, env: { CODESTREAM_WRITERS: WORD } });
});
after(() => handler?.stop());

const ask = (path, options = {}) => request(handler.port, { path, ...options });
const post = (body, path = '/negotiate', headers = JSON_TYPE) => ask(path, {
  method: 'POST', headers, body: typeof body === 'object' ? JSON.stringify(body) : body,
});
const open = async () => (await post({ writers_word: WORD })).json();

/** No token is in an answer, nor the word. */
function assertNothing({ status, text }, what) {
  assert.ok(status >= 400 && status < 500, `${what}: ${status} ${text}`);
  assert.doesNotMatch(text, /token|eyJ|"writer_key"|sesame/, what);
}

/** It is refused for want of the word. */
function assertRefused(answer, what) {
  assertNothing(answer, what);
  if (answer.text === '') return; // HEAD
  assert.equal(answer.status, 403, `${what}: ${answer.text}`);
  assert.equal(answer.json().error.code, 'WritersWord', what);
  assert.equal(answer.header('cache-control'), 'no-store');
}

test('the word opens a room', async () => {
  for (const path of ['/negotiate', '/api/negotiate', '/API/Negotiate/']) {
    const answer = await post({ writers_word: WORD }, path);
    assert.equal(answer.status, 200, answer.text);
    const { role, room_id: room, writer_key: key } = answer.json();
    assert.equal(role, 'writer');
    assert.match(room, /^[A-Za-z0-9_-]{22}$/);
    assert.match(key, /^[A-Za-z0-9_-]{43}$/);
  }
});

test('the word may be escaped, come with others, and without a content type', async () => {
  const escaped = [...WORD].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  for (const body of [
    `{"writers_word":"${escaped.join('')}"}`,
    `{"writers\\u005fword":${JSON.stringify(WORD)}}`,
    ` {"x":{"writers_word":1},\n"writers_word" : ${JSON.stringify(WORD)} } `,
  ]) {
    for (const headers of [JSON_TYPE, {}, { 'Content-Type': 'text/plain' }]) {
      assert.equal((await post(body, '/negotiate', headers)).status, 200, body);
    }
  }
  const native = await post({ writers_word: WORD },
    '/negotiate?protocol=json.webpubsub.azure.v1');
  assert.equal(native.json().role, 'writer');
});

const paths = ['/negotiate', '/negotiate/', '/Negotiate', '/api/negotiate', '/API/NEGOTIATE',
  '/api/Negotiate/', '/negotiate?x=1&y',
  '/negotiate?protocol=json.webpubsub.azure.v1', '/negotiate?ROOM_ID=x',
  '/negotiate?protocol=json.reliable.webpubsub.azure.v1', '/%6eegotiate', '/negotiat%65'];
const word = encodeURIComponent(WORD);
const queries = [`writers_word=${word}`, `writers_word=${word}&writers_word=${word}`,
  `code=${word}`, `writer_key=${word}`, `WRITERS_WORD=${word}`];

test('without the word a room is opened by no path, query or method', async () => {
  for (const path of [...paths, ...queries.map((query) => `/negotiate?${query}`),
    ...queries.map((query) => `/api/negotiate?${query}`)]) {
    const json = { method: 'POST', headers: JSON_TYPE };
    for (const options of [{}, { method: 'POST' }, { ...json, body: '{}' },
      { ...json, body: JSON.stringify({ writers_word: WRONG }) },
      { headers: { writers_word: WORD, 'X-Writers-Word': WORD, Authorization: WORD } }]) {
      assertRefused(await ask(path, options), `${options.method} ${path} ${options.body}`);
    }
    for (const method of ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'Post', 'get']) {
      const body = JSON.stringify({ writers_word: WORD });
      assertNothing(await ask(path, { method, body }), `${method} ${path}`);
    }
  }
});

test('registering, and naming no room that is one, opens none', async () => {
  for (const path of ['/register', '/api/register', '/register?room_id', '/negotiate?room_id=',
    '/negotiate?room_id', '/negotiate?id', `/negotiate?room_id&writers_word=${word}`,
    '/negotiate?id=', '/negotiate?room_id=new', `/negotiate?room_id=${ROOM}x`,
    `/negotiate?room_id=&writers_word=${word}`, '/api', '/', '/negotiate/x', '/negotiate%00',
    '/eventhandler', '//negotiate', '/api/api/negotiate', '/negotiate;x', '/register/../negotiate']) {
    for (const options of [{ method: 'POST', body: '' }, {},
      { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ writers_word: WRONG }) }]) {
      if (path === '/' && !options.method) continue; // it says that it is there
      assertNothing(await ask(path, options), `${options.method} ${path}`);
    }
  }
});

const bodies = {
  'no object': ['', ['{}', 403]],
  'a wrong one': [[{ writers_word: WRONG }, 403], [{ writers_word: '' }, 403],
    [{ writers_word: `${WORD} ` }, 403], [{ writers_word: ` ${WORD}` }, 403],
    [{ writers_word: `${WORD}\0` }, 403], [{ writers_word: WORD.toUpperCase() }, 403],
    [{ writers_word: WORD.slice(0, -1) }, 403], [{ writers_word: WORD.normalize('NFD') }, 403],
    [{ writers_word: 'x'.repeat(15_000) }, 403]],
  'no text': [null, true, false, 0, 1e9, [WORD], { '': WORD }]
    .map((value) => [{ writers_word: value }, 403]),
  'another name': ['Writers_word', 'writersword', 'writers-word', 'writers_word ', 'word',
    'writer_word', '__proto__', 'writers_word\0'].map((name) => [{ [name]: WORD }, 403]),
  elsewhere: [[{ x: { writers_word: WORD } }, 403], [[{ writers_word: WORD }], 400],
    [JSON.stringify(WORD), 400], [JSON.stringify(JSON.stringify({ writers_word: WORD })), 400]],
  twice: [[`{"writers_word":${JSON.stringify(WORD)},"writers_word":${JSON.stringify(WORD)}}`, 400],
    [`{"writers_word":${JSON.stringify(WORD)},"writers\\u005fword":""}`, 400],
    [`{"writers_word":"","writers_word":${JSON.stringify(WORD)}}`, 400]],
  'another form': [[`writers_word=${word}`, 400], [`writers_word=${WORD}`, 400],
    [`--x\r\nContent-Disposition: form-data; name="writers_word"\r\n\r\n${WORD}\r\n--x--`, 400],
    [`{"writers_word":${JSON.stringify(WORD)}`, 400], [`{'writers_word':'${WRONG}'}`, 400],
    [`\ufeff{"writers_word":${JSON.stringify(WORD)}}`, 400]],
  'a room that is none': [[{ writers_word: WORD, room_id: null }, 400],
    [{ writers_word: WORD, room_id: '' }, 400], [{ writers_word: WORD, writer_key: '' }, 400],
    [{ writers_word: WORD, room_id: '', writer_key: '' }, 400],
    [{ writers_word: WORD, room_id: ROOM }, 400],
    [{ writers_word: WORD, room_id: ROOM, writer_key: 'A'.repeat(43) }, 403]],
};
for (const [what, table] of Object.entries(bodies)) {
  test(`what does not send the word opens no room: ${what}`, async () => {
    for (const [body, status] of table.map((row) => (Array.isArray(row) ? row : [row, 403]))) {
      for (const headers of [JSON_TYPE, { 'Content-Type': 'application/x-www-form-urlencoded' },
        { 'Content-Type': 'multipart/form-data; boundary=x' }]) {
        const text = typeof body === 'string' ? body : JSON.stringify(body);
          const answer = await post(text, '/negotiate', headers);
        assertNothing(answer, text);
        assert.equal(answer.status, status, `${text}: ${answer.text}`);
      }
    }
  });
}

test('a body that is cut, chunked or of a GET does not help', async () => {
  const body = JSON.stringify({ writers_word: WRONG });
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  assertRefused(await ask('/negotiate', {
    method: 'POST', headers: { 'Transfer-Encoding': 'chunked' }, body: chunked,
  }), 'chunked');
  const right = JSON.stringify({ writers_word: WORD });
  assertNothing(await ask('/negotiate', { headers: JSON_TYPE, body: right }), 'GET with a body');
  const long = JSON.stringify({ writers_word: WORD, pad: 'x'.repeat(16_384) });
  assertNothing(await post(long), 'too long');
});

test('who opens no room is not asked for the word', async () => {
  const { room_id: room, writer_key: key } = await open();
  for (const path of [`/negotiate?room_id=${room}`, `/register?room_id=${room}`,
    `/negotiate?id=${room}`, `/api/negotiate?room_id=${room}`]) {
    assert.equal((await ask(path)).json().role, 'viewer', path);
    assert.equal((await post('', path)).json().role, 'viewer', path);
  }
  for (const more of [{}, { writers_word: WRONG }, { writers_word: 7 }]) {
    const again = await post({ room_id: room, writer_key: key, ...more });
    assert.equal(again.json().role, 'writer');
    assert.equal(again.json().room_id, room);
  }
});

test('another word closes no room; another secret does', async () => {
  const first = await open();
  const start = (env) => startHandler({ service: SERVICE, env });
  const [reworded, renewed] = await Promise.all([
    start({ CODESTREAM_WRITERS: 'a new word for a new day' }),
    start({ CODESTREAM_WRITERS: WORD, CODESTREAM_SECRET: 's'.repeat(32) })]);
  try {
    const body = JSON.stringify({ room_id: first.room_id, writer_key: first.writer_key });
    const again = { method: 'POST', path: '/negotiate', body };
    assert.equal((await request(reworded.port, again)).status, 200);
    assert.equal((await request(renewed.port, again)).status, 403);
    const old = { ...again, body: JSON.stringify({ writers_word: WORD }) };
    assertRefused(await request(reworded.port, old), 'the old word');
    assert.equal((await request(renewed.port, old)).status, 200);
  } finally {
    await Promise.all([reworded.stop(), renewed.stop()]);
  }
});

test('another application has no rooms that a word could open', async () => {
  const env = { CODESTREAM_WRITERS: WORD };
  const other = await startHandler({ service: SERVICE, env, app: 'hello' });
  try {
    assert.match(other.lines[0], / writers=anybody( |$)/);
    for (const form of [{}, { path: `?room_id=${ROOM}` },
      { method: 'POST', body: JSON.stringify({ writers_word: WORD }) }]) {
      const answer = await request(other.port, { ...form, path: `/negotiate${form.path ?? ''}` });
      const session = answer.json();
      assert.equal(session.room_id ?? session.role ?? session.writer_key, undefined);
      const claims = JSON.parse(Buffer.from(session.token.split('.')[1], 'base64url'));
      assert.match(claims.sub, /^[A-Za-z0-9_-]{22}$/, 'nobody of a room');
    }
  } finally {
    await other.stop();
  }
});

for (const mode of ['forward', 'proxy']) {
  test(`the word passes the host, and nothing else opens a room (${mode})`, async () => {
    const stack = await startStack({ host: true, mode, env: { CODESTREAM_WRITERS: WORD } });
    try {
      const { port } = stack.host;
      const body = JSON.stringify({ writers_word: WORD });
      const headers = JSON_TYPE;
      const right = await request(port, { method: 'POST', path: '/negotiate', headers, body });
      assert.equal(right.json().role, 'writer', right.text);
      assertRefused(await request(port, { path: `/negotiate?writers_word=${word}` }), 'GET');
      assertRefused(await request(port, { method: 'POST', path: '/negotiate', headers,
        body: body.replace('né', 'ne') }), 'POST');
      const log = [...stack.handlerLines, ...stack.hostLines].join('\n');
      assert.doesNotMatch(log, /sesame/);
    } finally {
      await stack.close();
    }
  });
}

test('the first line of the log says who may open a room', async () => {
  const line = handler.lines.find((one) => one.includes('event=listening'));
  assert.match(line, / writers=word( |$)/);
  for (const env of [{}, { CODESTREAM_WRITERS: '' }]) {
    const free = await startHandler({ service: SERVICE, env });
    assert.match(free.lines[0], /event=listening.* writers=anybody( |$)/);
    assert.equal((await request(free.port, { path: '/negotiate' })).status, 200);
    const body = JSON.stringify({ writers_word: WORD });
    const known = await request(free.port, { method: 'POST', path: '/negotiate', body });
    assert.equal(known.status, 200, 'a page that remembers a word can go on');
    await free.stop();
  }
});

test('a word that is too short is complained of by name', async () => {
  for (const short of ['x', '0123456789abcde', 'éééééééé']) {
    for (const args of [['--check'], ['--port', '0']]) {
      const { code, stdout, stderr } = await runHandler(args, {
        WebPubSubForSocketIOConnectionString: SERVICE, CODESTREAM_WRITERS: short,
      });
      assert.equal(code, 2);
      assert.match(stdout + stderr, /CODESTREAM_WRITERS.*shorter than 16/);
      if (short.length > 1) assert.ok(!(stdout + stderr).includes(short));
    }
  }
});

test('guesses are a line a second at most, which counts the others; the word is in none',
  async () => {
    const guessed = await startHandler({
      service: SERVICE, env: { CODESTREAM_WRITERS: WORD, CODESTREAM_LOOPS: '3' },
    });
    const guess = (n) => request(guessed.port, {
      method: 'POST', path: `/negotiate?writers_word=${word}`,
      body: JSON.stringify({ writers_word: `${WRONG}${n}` }),
    });
    const started = performance.now();
    let told = [];
    let asked = 0;
    // Until a second line has come, which stands for all between the two.
    while (told.length < 2) {
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => guess(n)));
      answers.forEach((answer) => assertRefused(answer, 'a guess'));
      asked += answers.length;
      told = guessed.lines.filter((line) => line.includes('code=WritersWord'));
    }
    await guessed.stop();
    told = guessed.lines.filter((line) => line.includes('code=WritersWord'));
    const seconds = (performance.now() - started) / 1000;
    assert.ok(told.length <= seconds + 1, `${told.length} lines in ${seconds} s`);
    const others = told.map((line) => Number(/ others=(\d+)/.exec(line)?.[1] ?? 0));
    assert.equal(others[0], 0);
    assert.ok(others[1] > 0);
    assert.ok(told.length + others.reduce((a, b) => a + b) <= asked);
    assert.doesNotMatch(guessed.lines.join('\n'), /sesame|writers_word/);
    assert.doesNotMatch(handler.lines.join('\n'), /sesame|writers_word/);
  });

// ---- the doctor ----

const WORD_CHECK = /^the word/; // which is made only if there is one

test('the doctor says who may open a room, and whether the word that it is given does', async () => {
  const settings = { CODESTREAM_WRITERS: WORD };
  const said = [];
  const ask = async (app, how) => {
    const report = await diagnose(app, how);
    said.push(report.text);
    return report;
  };
  await withDeployment({ handler: settings }, async (app) => {
    const bare = await ask(app);
    bare.assertHealthy();
    assert.match(bare.text, /who may open a room: whoever has the word/);
    const right = await ask(app, { settings });
    right.assertHealthy();
    right.assertOk(CHECK.rooms, WORD_CHECK);
    const wrong = await ask(app, { settings: { CODESTREAM_WRITERS: WRONG } });
    wrong.assertFails(WORD_CHECK, /another word/, /CODESTREAM_WRITERS/);
    wrong.assertSuspects(WORD_CHECK);
  });
  await withDeployment({}, async (app) => {
    const bare = await ask(app);
    bare.assertHealthy();
    assert.match(bare.text, /who may open a room: anybody/);
    const report = await ask(app, { settings });
    report.assertFails(CHECK.rooms, /anybody may open a room/, /CODESTREAM_WRITERS/);
    report.assertSuspects(CHECK.rooms);
  });
  assert.doesNotMatch(said.join('\n'), /sesame/);
});
