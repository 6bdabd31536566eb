// Writes the first inputs of each fuzz target: the vectors, and requests made of them, in the
// form that fuzz.h reads.  One file for each input, in a folder of its target.
//
//   node seeds.js FOLDER
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const out = process.argv[2];
const vectors = fileURLToPath(new URL('../vectors', import.meta.url));
const ROOM = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Bytes as latin1 strings throughout, which writeFileSync turns back. */
const unescapeColumn = (text) => text.replace(/\\(x(..)|.)/g, (_, c, hex) => {
  if (hex) return String.fromCharCode(parseInt(hex, 16));
  return { t: '\t', n: '\n', '\\': '\\' }[c];
});

function rows(name) {
  return readFileSync(path.join(vectors, name), 'latin1').split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t').map(unescapeColumn));
}

function seed(target, ...parts) {
  const bytes = Buffer.from(parts.join(''), 'latin1');
  const name = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  writeFileSync(path.join(out, target, name), bytes);
}

/** Fields, each with its end. */
const fields = (...texts) => texts.map((text) => `${text}\xff`).join('');

function simple() {
  for (const name of ['json-good.tsv', 'json-bad.tsv']) {
    for (const [text] of rows(name)) seed('json', text);
  }
  for (const depth of [63, 64, 65]) seed('json', '['.repeat(depth), ']'.repeat(depth));
  for (const low of ['dbff', 'dc00', 'dfff', 'e000']) seed('json', `"\\ud83d\\u${low}"`);
  for (const name of ['packets.tsv', 'packets-bad.tsv']) {
    for (const [text] of rows(name)) seed('packet', text);
  }
  for (const [text, encoded] of rows('base64url.tsv')) {
    seed('token', '0', fields(''), text);
    seed('token', '1', fields(encoded));
  }
  for (const [key, message] of rows('hmac.tsv')) seed('token', '2', fields(key), message);
  for (const [key, claims] of rows('tokens.tsv')) seed('token', '2', fields(key), claims);
}

const CE = { type: 0, hub: 1, connection: 2, socket: 3, nsp: 4, name: 5, user: 6 };

function cloudevents() {
  const header = (which, value) => `${which}${fields(value)}`;
  const event = (type, ...more) => seed('cloudevents', '0', header(CE.type, type),
    header(CE.hub, 'codestream'), header(CE.connection, 'c1'), ...more);
  event('azure.webpubsub.user.message', header(CE.socket, 's1'), header(CE.nsp, '/'),
    header(CE.name, 'joinRoom'), header(CE.user, `w.${ROOM}`));
  event('azure.webpubsub.sys.connect', header(CE.name, 'connect'));
  for (const [, connection, list] of rows('signatures.tsv')) {
    for (const how of ['2', '3', '4', '5']) {
      seed('cloudevents', '1', how, fields(connection, list, list));
    }
  }
  for (const [asked, url, further] of rows('origins.tsv')) {
    seed('cloudevents', '2', fields(`${url} ${further}`, asked));
  }
  for (const [header_, name] of rows('event-names.tsv')) {
    seed('cloudevents', '3', fields(header_, name));
  }
}

function settings() {
  for (const name of ['connection-strings.tsv', 'connection-strings-bad.tsv']) {
    for (const [text] of rows(name)) seed('settings', fields(text));
  }
  const secret = 'a secret of at least 32 bytes, as it must';
  seed('settings', fields('', 'https://abc', 'managedidentity', 'client-id', 'http://127.0.0.1:1/',
    'header', secret, 'hub', '5', '1000', '2', '8080', '0'));
  for (const url of ['http://abc', 'http://127.0.0.1:1', 'https://a_b', 'ftp://abc']) {
    seed('settings', fields(`Endpoint=${url};AccessKey=k`));
  }
  for (const hub of ['1a', 'a b', 'a/b', "a'b", 'a"b', 'a'.repeat(129)]) {
    seed('settings', fields('Endpoint=https://a;AccessKey=k', ...Array(6).fill(''), hub));
  }
  seed('settings', fields('Endpoint=http://localhost;Port=8080;AccessKey=k', '80', '', '', '', '',
    secret, 'a1_`,.[]', '1440', '60000', '64', '', '65535'));
}

function negotiate() {
  for (const room of [ROOM.slice(1), `${ROOM}A`, `${ROOM.slice(1)}.`]) {
    seed('negotiate', '0', '0', fields('', room));
    seed('negotiate', '2', '0', fields('', '', room));
  }
  for (const register of ['0', '1']) {
    for (const protocol of ['', 'json.webpubsub.azure.v1', 'mqtt']) {
      seed('negotiate', '0', register, fields(protocol, ROOM));
      seed('negotiate', '0', register, fields(protocol));
      seed('negotiate', '2', register, fields(protocol, '', ROOM));
      seed('negotiate', '3', register, fields(protocol, '', ROOM, 'A'.repeat(43)));
    }
  }
  for (const body of ['{}', `{"room_id":"${ROOM}"}`, `{"room_id":"${ROOM}","writer_key":1}`,
    `{"writer_key":"k","room_id":"\\u0041${ROOM.slice(1)}"}`]) {
    seed('negotiate', '1', '0', fields('', '', body));
  }
  for (const word of ['', 'sesame, open for u', 'sesame, open for us!', '\\u0073esame, open for us']) {
    seed('negotiate', '4', '0', fields('', '', '', word));
  }
}

function webpubsub() {
  const rooms = rows('groups.tsv');
  for (const what of '012345') {
    for (const [nsp, room] of rooms) {
      for (const lists of ['101', '101010', '7131111', '7?7?7?1']) {
        seed('webpubsub', what, fields(nsp, room, "a'b", '~%&'), lists);
      }
    }
  }
  const hub = 'https://abc.webpubsub.azure.com/api/hubs/codestream';
  for (const next of ['null', `"${hub}/groups/x?page=2"`, '"https://else/api/hubs/x"',
    `"${hub}/\\r\\nx"`, `"${hub}/\\"x"`, `"${hub}/\\u00e4"`,
    `"${hub.replace('https://abc', 'HTTPS://ABC').replace('/api', ':443/api')}/x?page=2"`]) {
    seed('webpubsub', '5', fields('/', 'a', 'b', 'c'), '1010100',
      `{"value":[{"connectionId":"1"},{}],"nextLink":${next}}`);
  }
}

const wrapped = (req) => JSON.stringify({ Data: { req }, Metadata: {} });

function retries() {
  const attempt = (status, tries, left, asked) => seed('retry', status, tries,
    fields(left, '1768471200', '12345', '3', asked));
  for (const asked of ['', '2', ' 0 ', '4294967296', '-1', 'Thu, 15 Jan 2026 10:00:03 GMT',
    'Thu, 32 Jan 2026 10:00:03 GMT', 'Fri, 31 Dec 9999 23:59:60 GMT']) {
    for (const status of '0129') attempt(status, '1', '8000', asked);
    attempt('0', '6', '8000', asked);
    attempt('0', '5', '150', asked);
  }
}

/**
 * An event: its variant, how (wrapped, refused), REST outcomes and body, then the event; at the
 * end memory, load and whether the body is cut, and where.
 */
function event(variant, how, outcomes, rest, [kind, args], more) {
  const { user = '0', signed = '0', ack = '0', end = '0' } = more;
  seed('service', variant, how, fields(outcomes, rest), '1', kind.padEnd(2, '0'), signed, user,
    fields(''), ack, fields(args), end);
}

const data = '{"version":1,"changes":[{"text":"\\"a\\""}]}';
const codestream = [
  ['0', ''], ['1', ''], ['2', ''], ['30', `{"room_id":"${ROOM}"}`],
  ['30', `{"room_id":"${ROOM}-control"}`], ['30', '{"room_id":"BBBBBBBBBBBBBBBBBBBBBB"}'],
  ['31', `{"room_id":"${ROOM}","data":${data}}`],
  ['31', `{"room_id":"${ROOM}","data":${data},"to":"stranger"}`],
  ['31', `{"room_id":"${ROOM}-control","data":null}`], ['31', '1,2'],
];
const verbs = [
  ['32', '{"rooms":["a","b"],"except":["c"],"within":"d","event":"x","arg":{"a":1}}'],
  ['32', '{"event":"x"}'], ['33', '{"targets":["a"]}'], ['34', '{"targets":["a"]}'],
  ['35', '{"rooms":["a","b","c","d"],"except":["e"],"targets":["f"]}'], ['37', '{}'],
  ['38', '{"targets":["a"]}'], ['39', '{"close":true}'],
  ['3:', '{"rooms":["a"],"targets":["b"]}'], ['3;', '{"rooms":["a"]}'],
  ['32', `{"rooms":["${'a'.repeat(800)}"],"event":"x"}`],
  ['32', `{"rooms":[${Array.from({ length: 100 }, (_, i) => `"${i}"`)}],"event":"x"}`],
];

/** Verbs of one plan: barriers, emits that start together and emits that do not. */
const plans = [
  ['emit socket', 'emit -socket', 'emit a', 'emit b-a'],
  ['emit a-socket?', 'join a b', 'emit socket', 'emit b-socket?', 'emit a-socket?'],
  ['emit socket?', 'emit -socket?', 'leave a b?', 'count a'],
  ['emit a', 'emit a-b', 'emit -a', 'end b', 'emit b'],
].map((list) => list.map((text) => {
  const [, verb, room, except, target] = /^(\w+) (\w*)(?:-(\w+))?(?: (\w))?/.exec(text);
  return {
    verb,
    event: 'x',
    may_fail: text.endsWith('?'),
    ...(room && verb !== 'count' && { rooms: [room] }),
    ...(except && { except: [except] }),
    ...((target ?? verb === 'count') && { targets: [target ?? room] }),
  };
}));

function events() {
  for (const outcomes of ['', '1', '2', '3', '5', '6', '7', '8', '01', '02']) {
    for (const one of codestream) {
      for (const user of ['0', '1']) event('0', '00', outcomes, 'RateLimited', one, { user });
      event('0', '00', outcomes, '', one, { ack: '1' });
      event('1', '00', `0${outcomes}`, '', one, {});
    }
  }
  for (const one of codestream) {
    event('0', '30', '', '', one, {});
    event('0', '0?', '', '', one, {});
    event('0', '00', '', '', one, { signed: '1' });
    event('1', '00', '1', '', one, {});
    for (const end of ['01', '02', '03', '04', '001:', '041:']) {
      for (const ack of '01') event('0', '00', '', '', one, { end, ack });
      event('0', '30', '', '', one, { end });
    }
    for (const outcomes of ['99', '9:0', 'ab0', 'aaaaaaaa', 'cj', '111110', '2222222', 'c7']) {
      for (const asked of ['', '1', 'soon', 'Thu, 15 Jan 2026 10:00:03 GMT']) {
        event('0', '00', outcomes, asked, one, {});
      }
    }
  }
  const page = (nextLink) => JSON.stringify({ value: [{}, {}], nextLink });
  const next = 'https://abc.webpubsub.azure.com/api/hubs/codestream/groups/x?page=2';
  for (const outcomes of ['', '44444444', '01', '7', '1aa4444']) {
    for (const one of verbs) event('2', '00', outcomes, page(next), one, {});
    for (const plan of plans) {
      for (const order of ['', 'n', '1n', 'n9n9n9']) {
        const one = ['3<', JSON.stringify(plan)];
        event('2', '00', order + outcomes, page(null), one, { ack: order ? '1' : '0' });
      }
    }
    for (const name of ['"nickname"', '1', '']) {
      event('3', '00', outcomes, page(null), ['36', name], {});
    }
  }
}

/** What the platform may say instead of a token. */
function identities() {
  const token = (more) => JSON.stringify({ access_token: 'a.b.c', ...more });
  for (const answer of ['', '{}', '[', token({}), token({ expires_on: 4102444800 }),
    token({ expires_on: '1' }), token({ expires_on: 'soon' }), '{"access_token":1}']) {
    event('1', '00', '40', answer, codestream[3], {});
    event('1', '00', '05', answer, codestream[3], {});
  }
}

/** Any request, signed by the harness. */
function any(method, target, query, headers, body, how = '00', variant = '0', end = '0') {
  seed('service', variant, how, fields('4', '{"token":"a.b.c"}'), '0', method, '1',
    fields(target, query, headers, body), end);
}

function requests() {
  const json = 'Content-Type: application/json';
  const native = `id=${ROOM}&protocol=json.webpubsub.azure.v1`;
  const origin = 'WebHook-Request-Origin: abc.webpubsub.azure.com';
  // The service makes no token: the client is told so in words of the HTTP library.
  seed('service', '1', '00', fields('0111111', ''), '0', '0', '1', fields('/negotiate', '', '', ''),
    '0');
  for (const variant of ['0', '1', '3']) {
    for (const how of ['00', '30']) {
      any('0', '/', '', '', '', how, variant);
      any('0', '/negotiate', '', '', '', how, variant);
      any('0', '/negotiate', native, '', '', how, variant);
      for (const end of ['01', '02', '04']) {
        any('0', '/negotiate', '', '', '', how, variant, end);
      }
      any('0', '/api/Register/', `room_id=${ROOM}`, '', '', how, variant);
      any('1', '/negotiate', '', json, `{"room_id":"${ROOM}","writer_key":"x"}`, how, variant);
      any('2', '/eventhandler', '', origin, '', how, variant);
    }
  }
  const headers = ['ce-type: azure.webpubsub.user.message', 'ce-hub: codestream',
    'ce-connectionId: c1', 'ce-socketId: s1', 'ce-namespace: /', 'ce-eventName: joinRoom',
    `ce-userId: v.${ROOM}`, 'Content-Type: text/plain'].join('\n');
  for (const [text] of [...rows('packets.tsv'), ...rows('packets-bad.tsv')]) {
    any('1', '/eventhandler', 'code=key', headers, text);
  }
  any('1', '/eventhandler', 'code=key', headers, '451-1["joinRoom",{"_placeholder":true}]');
  for (const kind of ['connect', 'connected', 'disconnected', 'other']) {
    any('1', '/eventhandler', 'code=key', [`ce-type: azure.webpubsub.sys.${kind}`,
      'ce-hub: codestream', 'ce-connectionId: c1', `ce-eventName: ${kind}`,
      `ce-userId: w.${ROOM}`].join('\n'), '');
  }
  any('1', '/eventhandler', '', json, wrapped({
    Url: 'http://h/eventhandler', Method: 'POST', Query: {}, Headers: { a: ['b'] }, Body: '',
  }));
}

for (const target of ['json', 'packet', 'cloudevents', 'token', 'settings', 'negotiate',
  'webpubsub', 'retry', 'service']) {
  rmSync(path.join(out, target), { recursive: true, force: true });
  mkdirSync(path.join(out, target), { recursive: true });
}
[simple, cloudevents, settings, negotiate, webpubsub, retries, events, identities,
  requests]
  .forEach((make) => make());
