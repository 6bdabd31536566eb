// Web PubSub and the handler behind it, as far as they cost time and money: the documented limits of
// a unit as token buckets, latencies as constants, and a count of everything. docs/scale.md has the
// sources of the limits.
import { Bucket } from './time.mjs';

/** Of one unit, a second. */
export const LIMITS = { events: 500, eventBytes: 2048, rest: 180, outBytes: 6_000_000 };
/** A smaller message weighs as much as this in the service's throughput. */
const LEAST_WEIGHT = 1024;
export const BILLED_BYTES = 2048;

/** One way, in ms: between a client and the service, and between service and function app. */
export const CLIENT_MS = 20;
export const CLOUD_MS = 5;

/** Of the event's headers and the packet around `data`. */
const EVENT_FRAME = 60;

export class Service {
  constructor(time, units) {
    this.time = time;
    this.events = new Bucket(LIMITS.events * units);
    this.calls = new Bucket(LIMITS.rest * units);
    this.out = new Bucket(LIMITS.outBytes * units);
    this.reset();
  }

  reset() {
    this.count = { events: 0, rest: 0, outMessages: 0, outBytes: 0, eventBytes: 0 };
    /** Bytes to clients, by second. */
    this.seconds = [];
  }

  /** An event on its way to the handler, which it reaches at the time that is returned. */
  event(at, bytes = 0) {
    const size = bytes + EVENT_FRAME;
    this.count.events++;
    this.count.eventBytes += size;
    return this.events.pass(at, Math.max(1, size / LIMITS.eventBytes)) + CLOUD_MS;
  }

  /** A REST call of the handler; returns when the service has taken it. */
  call(at) {
    this.count.rest++;
    return this.calls.pass(at + CLOUD_MS);
  }

  /** A message to so many clients; returns when they have it. */
  send(at, bytes, copies) {
    if (copies === 0) return at + CLIENT_MS;
    this.count.outMessages += copies;
    this.count.outBytes += bytes * copies;
    const through = this.out.pass(at, Math.max(LEAST_WEIGHT, bytes) * copies);
    const second = Math.floor(through / 1_000);
    this.seconds[second] = (this.seconds[second] ?? 0) + bytes * copies;
    return through + CLIENT_MS;
  }

  /** What the bill counts: outbound bytes in units of 2 KB, events to the handler among them. */
  get billed() {
    return Math.round((this.count.outBytes + this.count.eventBytes) / BILLED_BYTES);
  }
}
