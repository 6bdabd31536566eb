// A room in virtual time: the page’s own writer and viewers, and the service between them. Of many
// viewers a hundred have a core of their own; the sockets that hang on such a core join and ask by
// themselves, and have the text that the core has from then on.
import { Viewer } from '../../web/src/viewer.js';
import { Writer } from '../../web/src/writer.js';
import { FORM } from '../../web/src/protocol.js';
import { randomFrom } from '../../web/test/simulation.js';
import { CLIENT_MS, CLOUD_MS, Service } from './service.mjs';
import { Time, Wire } from './time.mjs';

const CORES = 100;
const UPLINK = 1_000_000; // bytes a second, of the writer
const ASK_MS = [1_000, 2_000, 4_000, 8_000, 10_000];
const ACK_BYTES = 22;
const LOGIN_BYTES = 11;
const PRESENCE_BYTES = 120;

const packet = (data) => `42["message",{"type":"editorMessage","data":${JSON.stringify(data)}}]`;
const sizes = new WeakMap();
/** Of what many say the size is taken once. */
function sizeOf(data) {
  let size = sizes.get(data);
  if (size === undefined) sizes.set(data, (size = Buffer.byteLength(packet(data))));
  return size;
}

/** A text of source code, so many bytes long. */
export function textOf(bytes) {
  let text = '';
  for (let i = 1; text.length < bytes; i++) text += `  const value${i} = compute(${i * 7}, "x");\n`;
  return text.slice(0, bytes);
}

export class Room {
  /** cores: viewers with a core of their own; reads: their pages read the kept text first */
  constructor({
    viewers, units, textBytes, seed, older = false, uplink = UPLINK, text, cores = CORES, reads = false,
  }) {
    this.reads = reads;
    this.random = randomFrom(seed);
    this.time = new Time();
    this.service = new Service(this.time, units);
    this.older = older;
    this.uplink = new Wire(uplink);
    this.writer = new Writer({
      epoch: 1,
      text: text ?? textOf(textBytes),
      language: 'c',
      name: 'main.c',
    });
    /** Connections of the writer. */
    this.connections = 0;
    this.writer.units = units;
    this.seats = Array.from({ length: Math.min(cores, viewers) }, () => this.#seat());
    this.sockets = Array.from({ length: viewers }, (_, i) => {
      const seat = this.seats[i % this.seats.length];
      const socket = { id: `socket-of-viewer-${i}`, seat, joined: false, served: false };
      seat.sockets.push(socket);
      return socket;
    });
    this.byId = new Map(this.sockets.map((socket) => [socket.id, socket]));
    /** Sockets that are in the room. */
    this.members = 0;
    /** The connection's events go to the handler one after the other. */
    this.writerFree = 0;
    this.reset();
  }

  /** From here on everything is counted. */
  reset() {
    this.service.reset();
    this.waits = [];
    this.lastServed = 0;
    this.sent = { roomFulls: 0, answers: 0, deltas: 0, views: 0, beats: 0 };
    this.answerBytes = 0;
  }

  #seat() {
    return { viewer: new Viewer({ random: this.random, reads: this.reads }), sockets: [], timer: 0 };
  }

  get waiting() {
    return this.sockets.filter(({ joined, served }) => joined && !served).length;
  }

  // ---- the writer ----

  joinWriter(sid) {
    this.connections++;
    this.writer.joined(sid, this.time.now);
    this.stepWriter();
  }

  stepWriter() {
    const { writer, time } = this;
    if (!writer.online) return;
    if (writer.flights.dead(time.now)) {
      writer.left();
      this.joinWriter(`${writer.sids.size} sockets before`);
      return;
    }
    for (const send of writer.poll(time.now)) this.#publish(send);
    const wake = writer.wakeAt;
    if (wake === Infinity || wake === this.writerWake) return;
    this.writerWake = wake;
    time.at(wake, () => {
      if (this.writerWake !== wake) return;
      this.writerWake = undefined;
      this.stepWriter();
    });
  }

  #publish({ data, to, id }) {
    const { service, time } = this;
    const bytes = sizeOf(data);
    const recipients = to === undefined ? undefined : [to].flat();
    this.#note(data, recipients, bytes);
    const left = this.uplink.pass(time.now, bytes + (recipients?.join().length ?? 0));
    const handled = service.event(Math.max(left + CLIENT_MS, this.writerFree), bytes);
    const taken = service.call(handled);
    this.writerFree = taken + 2 * CLOUD_MS;
    if (id !== undefined) {
      const { sid } = this.writer;
      time.at(this.writerFree + CLIENT_MS, () => {
        if (this.writer.sid !== sid) return;
        this.writer.answered(id, { success: true }, time.now);
        this.stepWriter();
      });
    }
    time.at(taken, () => this.#deliver(data, recipients, bytes));
  }

  #note(data, recipients, bytes) {
    const kind = data.type ?? [0, 'delta', 'view', 'beat'][data[0]];
    if (recipients) this.answerBytes += bytes * recipients.length;
    if (recipients) this.sent.answers++;
    else if (kind === 'full') this.sent.roomFulls++;
    else this.sent[`${kind}s`]++;
  }

  #deliver(data, recipients, bytes) {
    const isThere = (socket) => socket?.joined;
    if (recipients) {
      const sockets = recipients.map((id) => this.byId.get(id)).filter(isThere);
      const at = this.service.send(this.time.now, bytes, sockets.length);
      this.time.at(at, () => sockets.forEach((socket) => this.#answer(socket, data)));
      return;
    }
    const seats = this.seats.filter(({ sockets }) => sockets[0].joined);
    const members = data.type === 'full' ? this.sockets.filter(isThere) : [];
    const at = this.service.send(this.time.now, bytes, this.members);
    this.time.at(at, () => {
      for (const seat of seats) this.#hear(seat, data);
      for (const socket of members) this.#serve(socket);
    });
  }

  #answer(socket, data) {
    if (socket === socket.seat.sockets[0]) this.#hear(socket.seat, data);
    this.#serve(socket);
  }

  #serve(socket) {
    if (socket.served || !socket.joined) return;
    socket.served = true;
    this.lastServed = this.time.now;
    this.waits.push(this.time.now - socket.since);
  }

  /** The writer has heard of it. */
  came() {}

  /** Somebody has said this to the writer. */
  asked() {}

  stepViewer({ seat }) {
    this.#stepSeat(seat);
  }

  /** What a viewer says, on its way to the writer. */
  #ask(socket, data) {
    this.asked(data);
    const { service, time } = this;
    const said = this.#spoken(data);
    const taken = service.call(service.event(time.now + CLIENT_MS, said.bytes));
    time.at(service.send(taken, said.bytes, 1), () => {
      this.writer.heard(said.data, socket.id, time.now);
      this.stepWriter();
    });
    service.send(taken + CLOUD_MS, ACK_BYTES, 1);
  }

  /** As the viewers' pages say it, and its size. */
  #spoken({ data, epoch, version, ...more }) {
    const said = this.older ? { data, epoch, version } : { data, epoch, version, ...more };
    return { data: said, bytes: sizeOf(said) + 40 };
  }

  /** What a socket says while it joins. */
  #firstWord(socket) {
    const { seat } = socket;
    if (socket === seat.sockets[0]) return seat.viewer.firstWord;
    const { epoch, version } = socket.had ?? { epoch: 0, version: -1 };
    return { data: 'sync', epoch, version, form: FORM };
  }

  // ---- viewers ----

  #hear(seat, data) {
    seat.viewer.heard(data, this.writer.sid, this.time.now);
    this.#stepSeat(seat);
  }

  #stepSeat(seat) {
    const { viewer } = seat;
    const { time } = this;
    for (const { id, data } of viewer.poll(time.now)) {
      // Nothing is lost here, so an acknowledgement is no news.
      viewer.answered(id, { success: true });
      const first = seat.sockets[0];
      // Before it has a text it speaks for itself, afterwards for all who have the same.
      const speakers = first.served ? seat.sockets.filter((one) => one.served) : [first];
      for (const socket of speakers) this.#ask(socket, data);
    }
    const wake = viewer.wakeAt;
    if (wake === Infinity || wake === seat.timer) return;
    seat.timer = wake;
    time.at(wake, () => {
      if (seat.timer !== wake) return;
      seat.timer = undefined;
      this.#stepSeat(seat);
    });
  }

  /** A page opens its connection: connect, connected and login, and joinRoom with its first word. */
  connect(socket) {
    const { service, time } = this;
    socket.since = time.now;
    const connected = service.event(time.now + CLIENT_MS) + CLOUD_MS;
    const login = service.call(service.event(connected));
    const invited = service.send(login, LOGIN_BYTES, 1);
    time.at(invited, () => this.#join(socket));
  }

  #join(socket) {
    const { service, time } = this;
    const word = this.#firstWord(socket);
    this.asked(word);
    const said = this.#spoken(word);
    const added = service.call(service.event(time.now + CLIENT_MS, said.bytes)) + CLOUD_MS;
    time.at(added, () => {
      socket.joined = true;
      this.members++;
    });
    time.at(service.send(service.call(added), said.bytes, 1), () => {
      this.writer.presence({ role: 'viewer', state: 'joined', from: socket.id });
      this.came(socket);
      this.writer.heard(said.data, socket.id, time.now);
      this.stepWriter();
    });
    time.at(service.send(added + CLOUD_MS, ACK_BYTES, 1), () => this.#joined(socket, word));
  }

  #joined(socket, word) {
    const { seat } = socket;
    if (socket === seat.sockets[0]) {
      seat.viewer.joined(socket.id, this.time.now, true);
      this.#stepSeat(seat);
      return;
    }
    this.#askAgain(socket, word, 0);
  }

  #askAgain(socket, word, times) {
    const wait = ASK_MS[Math.min(times, ASK_MS.length - 1)] * (0.75 + this.random() / 2);
    this.time.at(this.time.now + wait, () => {
      if (socket.served || !socket.joined) return;
      this.#ask(socket, word);
      this.#askAgain(socket, word, times + 1);
    });
  }

  /** The connection breaks, and the handler is told. */
  disconnect(socket) {
    const { service, time, seat = socket.seat } = this;
    if (!socket.joined) return;
    const { epoch, version } = seat.viewer;
    if (socket === seat.sockets[0]) seat.viewer.left();
    Object.assign(socket, { joined: false, served: false, had: { epoch, version } });
    this.members--;
    this.byId.delete(socket.id);
    const old = socket.id;
    time.at(service.send(service.call(service.event(time.now)), PRESENCE_BYTES, 1), () => {
      this.writer.presence({ role: 'viewer', state: 'left', from: old });
      this.stepWriter();
    });
    socket.id = `${old}'`;
    this.byId.set(socket.id, socket);
  }

  /** Everybody is there already and has the text: nothing of that is counted. */
  seatAll() {
    const { writer, time } = this;
    const { epoch, version } = writer;
    const word = { data: 'sync', epoch, version, here: true, form: this.older ? 0 : 1 };
    for (const socket of this.sockets) {
      Object.assign(socket, { joined: true, served: true, since: time.now });
      this.members++;
      writer.presence({ role: 'viewer', state: 'joined', from: socket.id });
      writer.heard(word, socket.id, time.now);
    }
    const full = writer.messages.full(true);
    for (const seat of this.seats) {
      seat.viewer.joined(seat.sockets[0].id, time.now);
      this.#hear(seat, full);
    }
  }

  // ---- what happens ----

  /** Somebody types at the end of a line in the middle, five keys a second. */
  type(until) {
    const { writer, time } = this;
    const at = Math.floor(writer.text.length / 2) + 1;
    let typed = 0;
    const key = () => {
      if (time.now > Number(until)) return;
      const place = at + typed;
      writer.edit([[place, 0, typed % 40 === 39 ? '\n' : 'abcdefg '[typed % 8]]]);
      typed++;
      writer.setView({ selections: [[place + 1, place + 1]], top: 300, bottom: 340 });
      this.stepWriter();
      time.at(time.now + 150 + this.random() * 100, key);
    };
    key();
  }

  /** The sockets join one after the other, at random within so many seconds. */
  joinAll(seconds) {
    const { time } = this;
    for (const socket of this.sockets)
      time.at(time.now + this.random() * seconds * 1_000, () => this.connect(socket));
  }

  /** Somebody who has the link asks this, again and again. */
  pester(id, everyMs, until, word) {
    const socket = { id, joined: true, served: true, seat: { sockets: [] } };
    this.byId.set(id, socket);
    this.members++;
    this.writer.presence({ role: 'viewer', state: 'joined', from: id });
    const ask = (times) => {
      if (this.time.now > until) return;
      this.#ask(socket, word(times));
      this.time.at(this.time.now + everyMs, () => ask(times + 1));
    };
    ask(0);
  }
}
