// People who join while the text is kept: each page reads it before it asks the writer. Every viewer has
// a core of its own here. The writer's page and the viewers' decide when to write and to read; storage
// takes a constant time.
import { KeptReads } from '../../web/src/kept-reads.js';
import { Keeper } from '../../web/src/keeper.js';
import { Room } from './room.mjs';

/** From the page through function app and storage and back. */
const READ_MS = 60;
const WRITE_MS = 120;
const STEP_MS = 50;

export class KeptRoom extends Room {
  constructor(options) {
    super({ ...options, cores: options.viewers, reads: true });
    this.keeper = new Keeper({ days: 7 });
    this.kept = undefined;
    this.counts = { writes: 0, reads: 0, asks: 0 };
    this.#keep();
  }

  #keep() {
    const { keeper, writer, time } = this;
    const wish = writer.online ? keeper.poll(writer, time.now) : undefined;
    if (wish) {
      this.counts.writes++;
      const { text } = wish;
      time.at(time.now + WRITE_MS, () => {
        this.kept = { ...text, at: time.now };
        keeper.done(wish, { status: 200 }, time.now);
      });
    }
    time.at(time.now + STEP_MS, () => this.#keep());
  }

  came(socket) {
    super.came(socket);
    this.keeper.came();
  }

  /** A page is opened: it reads while its socket is being made. */
  connect(socket) {
    socket.reads = new KeptReads({ random: this.random });
    super.connect(socket);
    this.#read(socket);
  }

  #read(socket) {
    const { time } = this;
    const { viewer } = socket.seat;
    const page = { connected: viewer.connected, needsText: viewer.needsText, visible: true };
    if (socket.reads.poll(page, time.now)) {
      this.counts.reads++;
      time.at(time.now + READ_MS, () => this.#answerRead(socket, viewer));
    }
    time.at(time.now + STEP_MS, () => this.#read(socket));
  }

  #answerRead(socket, viewer) {
    const { kept, time } = this;
    if (kept) viewer.restored(kept, time.now);
    else viewer.notKept();
    socket.reads.done(kept ? 'text' : 'none', false, time.now);
    this.stepViewer(socket);
  }

  asked(data) {
    if (!data.here) this.counts.asks++;
  }
}
