// A name server that knows what a test tells it, and answers as well or badly as a test wants.
import dgram from 'node:dgram';
import net from 'node:net';
import { once } from 'node:events';

const TYPES = { A: 1, CNAME: 5, AAAA: 28 };
const CLASS_IN = 1;
const NAME_ERROR = 3;
/** Longer than anybody who has another server should wait for this one. */
const LATE_MS = 2_500;

/** What a server may do with a question; a function of the good reply that gives what is sent. */
const MANNERS = {
  well: (reply) => reply,
  silent: () => null,
  late: (reply) => reply,
  'silent about IPv6': (reply, { type }) => (type === TYPES.AAAA ? null : reply),
  'failing (SERVFAIL)': (reply) => withCode(reply, 2),
  'not understanding (FORMERR)': (reply) => withCode(reply, 1),
  'not able (NOTIMP)': (reply) => withCode(reply, 4),
  'refusing (REFUSED)': (reply) => withCode(reply, 5),
  'not in charge (NOTAUTH)': (reply) => withCode(reply, 9),
  'giving a code that nobody knows': (reply) => withCode(reply, 15),
  'knowing no address': (reply) => withCode(reply, 0),
  'sending questions back': (_, { query }) => query,
  'leading a name to itself': (_, { query, end, name }) => makeReply(query, { end },
    [{ type: 'CNAME', owner: name, ttl: 60, data: name }]),
  'talking nonsense': () => Buffer.alloc(60, 0xff),
  'answering in a broken form': (reply) => {
    const broken = Buffer.from(reply.subarray(0, reply.length - 3));
    broken.writeUInt16BE(1, 6);
    return broken;
  },
  'answering another question': (reply) => {
    const other = Buffer.from(reply);
    other[13] ^= 1; // the name's first letter
    return other;
  },
};

/** All of them that a second server has to make up for. */
export const TROUBLES = ['closed',
  ...Object.keys(MANNERS).filter((name) => name !== 'well' && name !== 'silent about IPv6')];

export class NameServer {
  /**
   * @param {string} address on loopback, but not 127.0.0.1: a resolver of this machine may be there
   * @param {number} port 0: a free one
   */
  static async start(address, port) {
    const server = new NameServer();
    server.address = address;
    await server.open(port);
    return server;
  }

  #udp;
  #tcp;
  #late = new Set();
  #sockets = new Set();
  /** Name to `{ A: [...], AAAA: [...], CNAME, ttl }`. */
  names = {};
  /** Questions, as `A some.name`, in the order in which they came. */
  asked = [];
  manner = 'well';
  /** Function of a question that gives the manner for it; null: `manner` is that of all. */
  mannerFor = null;
  /** Over UDP it then only says that there is more to be said. */
  isLengthy = false;

  async open(port) {
    this.#udp = dgram.createSocket('udp4');
    this.#udp.on('message', (query, from) => this.#answer(query, !this.isLengthy, (reply) => {
      this.#udp?.send(reply, from.port, from.address);
    }));
    this.#udp.bind(port, this.address);
    await once(this.#udp, 'listening');
    this.port = this.#udp.address().port;
    this.#tcp = net.createServer((socket) => this.#serve(socket));
    this.#tcp.listen(this.port, this.address);
    await once(this.#tcp, 'listening');
  }

  /** What is sent here from now on is refused. */
  close() {
    for (const timer of this.#late) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    this.#udp?.close();
    this.#tcp?.close();
    this.#udp = null;
    this.#tcp = null;
  }

  /** A question and its answer have their length in front of them. */
  #serve(socket) {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    let bytes = Buffer.alloc(0);
    socket.on('data', (more) => {
      bytes = Buffer.concat([bytes, more]);
      while (bytes.length > 2 && bytes.length >= 2 + bytes.readUInt16BE(0)) {
        const end = 2 + bytes.readUInt16BE(0);
        this.#answer(bytes.subarray(2, end), true, (reply) => {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(reply.length);
          socket.write(Buffer.concat([length, reply]));
        });
        bytes = bytes.subarray(end);
      }
    });
  }

  #answer(query, isWhole, send) {
    const question = readQuestion(query);
    const type = Object.keys(TYPES).find((name) => TYPES[name] === question.type);
    this.asked.push(`${type} ${question.name}`);
    const records = this.#find(question.name, type);
    const manner = this.mannerFor?.(question) ?? this.manner;
    let reply = MANNERS[manner](makeReply(query, question, records), question);
    if (!reply) return;
    if (!isWhole) reply = withTruncation(reply.subarray(0, question.end));
    if (manner !== 'late') {
      send(reply);
      return;
    }
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      send(reply);
    }, LATE_MS);
    this.#late.add(timer);
  }

  /** Records of that type, by way of all aliases; null: there is no such name. */
  #find(name, type) {
    const entry = this.names[name];
    if (!entry) return null;
    if (entry.CNAME) {
      const rest = this.#find(entry.CNAME, type);
      return rest && [{ type: 'CNAME', owner: name, ttl: entry.ttl ?? 60, data: entry.CNAME }, ...rest];
    }
    return (entry[type] ?? []).map((data) => ({ type, owner: name, ttl: entry.ttl ?? 60, data }));
  }
}

function withCode(reply, code) {
  const bare = Buffer.from(reply.subarray(0, readQuestion(reply).end));
  bare[3] = (bare[3] & 0xf0) | code;
  bare.writeUInt16BE(0, 6);
  return bare;
}

function withTruncation(reply) {
  const cut = Buffer.from(reply);
  cut[2] |= 0x02;
  cut.writeUInt16BE(0, 6);
  return cut;
}

function readQuestion(query) {
  const labels = [];
  let at = 12;
  while (query[at] > 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
    at += 1 + query[at];
  }
  const name = labels.join('.').toLowerCase();
  return { query, name, type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** records: null where there is no such name. */
function makeReply(query, { end }, records) {
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180 | (records ? 0 : NAME_ERROR), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records?.length ?? 0, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, query.subarray(12, end), ...(records ?? []).map(writeRecord)]);
}

function writeRecord({ type, owner, ttl, data }) {
  const value = type === 'CNAME' ? writeName(data) : writeAddress(data);
  const head = Buffer.alloc(10);
  head.writeUInt16BE(TYPES[type], 0);
  head.writeUInt16BE(CLASS_IN, 2);
  head.writeUInt32BE(ttl, 4);
  head.writeUInt16BE(value.length, 8);
  return Buffer.concat([writeName(owner), head, value]);
}

function writeName(name) {
  const labels = name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** Of version 6 only those that end in one group, as `::1` and `2001:db8::9` do. */
function writeAddress(text) {
  if (net.isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  const [front, back] = text.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = [...front, ...Array(8 - front.length - back.length).fill('0'), ...back];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
