// A simulated link between one writer and its viewers: messages are delayed, lost, doubled and
// reordered, connections break. Time is a number that the simulation moves, so a test of minutes
// takes no time and repeats exactly.

/** Mulberry32: a small generator that gives the same numbers for the same seed on every machine. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What a message is, in either form. */
export const typeOf = (data) => data.type ?? ['', 'delta', 'view', 'beat'][data[0]];

/** What the handler tells of a socket. */
export const presence = (role, state) => (from, more) => ({ role, state, from, ...more });

export class World {
  /**
   * @param {{ seed: number, delay?: number, loss?: number, doubled?: number, corrupt?: number }}
   *   options
   */
  constructor({ seed, delay = 0, loss = 0, doubled = 0, corrupt = 0 }) {
    this.random = randomFrom(seed);
    Object.assign(this, { delay, loss, doubled, corrupt });
    this.now = 1_000;
    this.queue = [];
    this.order = 0;
    this.sent = { full: 0, roomFull: 0, delta: 0, beat: 0, view: 0, sync: 0, hand: 0 };
  }

  at(time, action) {
    this.queue.push({ time, order: this.order++, action });
  }

  /** Delivers with the link's misfortunes; whoever calls it says what delivery is. */
  deliver(action) {
    for (let copies = this.random() < this.doubled ? 2 : 1; copies > 0; copies--) {
      if (this.random() < this.loss) continue;
      // Delays differ, so messages overtake each other.
      this.at(this.now + 1 + this.random() * this.delay, action);
    }
  }

  /** Moves time forward, waking everybody who asked for it. */
  run(until, actors) {
    for (;;) {
      this.queue.sort((a, b) => a.time - b.time || a.order - b.order);
      const next = Math.min(
        this.queue[0]?.time ?? Infinity,
        ...actors.map((actor) => actor.wakeAt()),
      );
      if (!(next <= until)) break;
      this.now = Math.max(this.now, next);
      while (this.queue.length > 0 && this.queue[0].time <= this.now) this.queue.shift().action();
      for (const actor of actors) actor.poll();
    }
    this.now = until;
  }
}

/** One writer, its viewers and the link between them, as the handler connects them. */
export class Stream {
  constructor(world, writer) {
    this.world = world;
    this.writer = writer;
    this.viewers = new Map();
    /** Every text that was published, by epoch and version: what a viewer may show. */
    this.history = new Map();
    this.up = true;
    this.sockets = 0;
  }

  get actors() {
    return [
      { wakeAt: () => this.writer.wakeAt, poll: () => this.pollWriter() },
      ...[...this.viewers.values()].map((seat) => ({
        wakeAt: () => seat.viewer.wakeAt,
        poll: () => this.pollViewer(seat),
      })),
    ];
  }

  run(ms) {
    this.world.run(this.world.now + ms, this.actors);
  }

  joinWriter() {
    const sid = `w${++this.sockets}`;
    this.writer.joined(sid, this.world.now);
    for (const seat of this.viewers.values())
      this.#toViewer(seat, () => seat.viewer.presence(presence('writer', 'joined')(sid), this.world.now));
    this.pollWriter();
  }

  addViewer(viewer) {
    const seat = { viewer, sid: `v${++this.sockets}`, text: '' };
    this.viewers.set(seat.sid, seat);
    this.joinViewer(seat);
    return seat;
  }

  joinViewer(seat) {
    seat.viewer.joined(seat.sid, this.world.now);
    this.world.deliver(() => this.writer.presence(presence('viewer', 'joined')(seat.sid)));
    this.pollViewer(seat);
  }

  pollWriter() {
    const { world, writer } = this;
    if (writer.flights.dead(world.now)) {
      writer.left();
      this.joinWriter();
      return;
    }
    for (const send of writer.poll(world.now)) {
      // What goes over the wire is JSON, and nobody may change it afterwards.
      const json = JSON.stringify(send.data);
      const type = typeOf(send.data);
      this.history.set(`${writer.epoch}.${writer.version}`, writer.known.text);
      world.sent[type]++;
      if (type === 'full' && !send.to) world.sent.roomFull++;
      const seats = send.to
        ? [send.to].flat().map((sid) => this.viewers.get(sid))
        : [...this.viewers.values()];
      for (const seat of seats) {
        if (seat)
          this.#toViewer(seat, () => this.#heard(seat, this.#maybeCorrupt(JSON.parse(json))));
      }
      if (send.id !== undefined)
        world.deliver(() => {
          writer.answered(send.id, { success: true }, world.now);
          this.pollWriter();
        });
    }
  }

  #maybeCorrupt(data) {
    if (typeOf(data) === 'delta' && this.world.random() < this.world.corrupt) {
      for (const op of data.changes ?? data[4]) op[2] = op[2].replace(/[a-z]/, '#');
    }
    return data;
  }

  #toViewer(seat, action) {
    this.world.deliver(() => {
      if (!this.up || !seat.viewer.connected) return;
      action();
      this.pollViewer(seat);
    });
  }

  #heard(seat, data) {
    for (const [offset, deleted, inserted] of seat.viewer.heard(data, 'w', this.world.now)) {
      // The editor's copy: it only ever sees edits.
      seat.text = seat.text.slice(0, offset) + inserted + seat.text.slice(offset + deleted);
    }
  }

  pollViewer(seat) {
    const { world } = this;
    if (seat.viewer.flights.dead(world.now)) {
      seat.viewer.left();
      this.joinViewer(seat);
      return;
    }
    for (const send of seat.viewer.poll(world.now)) {
      world.sent[send.data.data]++;
      const json = JSON.stringify(send.data);
      world.deliver(() => {
        if (this.up && this.writer.online) {
          this.writer.heard(JSON.parse(json), seat.sid, world.now);
          this.pollWriter();
        }
      });
      world.deliver(() => {
        seat.viewer.answered(send.id, { success: true }, world.now);
        this.pollViewer(seat);
      });
    }
  }
}
