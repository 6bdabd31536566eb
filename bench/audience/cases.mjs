// What befalls a room: people who join, a service that drops all of them, typing, silence, and
// people who ask for more than they need. Each returns the room's figures.
import { VIEWERS_PER_UNIT } from '../../web/src/protocol.js';
import { KeptRoom } from './kept.mjs';
import { Room } from './room.mjs';

const SECOND = 1_000;
/** Typing goes on for so long before the first viewer joins and after the last has the text. */
const AROUND_S = 3;
/** Until the writer's first roll call is over, and once more until everybody is seated. */
const START_S = 8;
const LIMIT_S = 600; // of virtual time, for whoever has no text yet

export const DEFAULTS = { viewers: 1_000, joinSeconds: 30, textBytes: 27_000, seed: 1 };

export const unitsFor = (viewers) => Math.max(1, Math.ceil(viewers / VIEWERS_PER_UNIT));

function figures(room, { viewers, textBytes, seed, units }, seconds) {
  const { count, seconds: bySecond, billed } = room.service;
  const waits = room.waits.sort((a, b) => a - b);
  const part = (share) => Math.round(waits[Math.floor(share * (waits.length - 1))] ?? 0);
  const mega = (bytes) => Number((bytes / 1e6).toFixed(3));
  const result = {
    viewers, units, textBytes, seed, seconds,
    outMB: mega(count.outBytes),
    outMessages: count.outMessages,
    billedMessages: billed,
    peakMBs: mega(Math.max(0, ...bySecond.filter(Boolean))),
    events: count.events,
    restCalls: count.rest,
    ...room.sent,
    answerMB: mega(room.answerBytes),
    waitP50: part(0.5),
    waitP99: part(0.99),
    waiting: room.waiting,
  };
  return { figures: result, bySecond: bySecond.map((bytes) => bytes ?? 0), waits };
}

function open(options, prepare, Kind = Room) {
  const units = options.units ?? unitsFor(options.viewers);
  const room = new Kind({ ...options, units });
  room.joinWriter('socket-of-writer');
  room.time.run(START_S * SECOND);
  if (prepare) room.seatAll();
  room.time.run(2 * START_S * SECOND);
  room.reset();
  return { room, settings: { ...options, units } };
}

/** Runs until everybody has the text, or for LIMIT_S. */
function untilServed(room, from) {
  while (room.waiting > 0 && room.time.now < from + LIMIT_S * SECOND)
    room.time.run(room.time.now + SECOND);
}

/** Everybody joins within some seconds, while the writer types. */
export function storm(options) {
  const { room, settings } = open(options);
  const { time } = room;
  const start = time.now;
  let typing = true;
  room.type({ valueOf: () => (typing ? Infinity : 0) });
  time.run(start + AROUND_S * SECOND);
  room.joinAll(options.joinSeconds);
  time.run(time.now + options.joinSeconds * SECOND);
  const lastJoin = time.now;
  untilServed(room, lastJoin);
  time.run(time.now + AROUND_S * SECOND);
  typing = false;
  const result = figures(room, settings, (time.now - start) / SECOND);
  const allHave = Math.max(0, (room.lastServed - lastJoin) / SECOND);
  return { ...result, figures: { ...result.figures, secondsUntilAllHave: Number(allHave.toFixed(2)) } };
}

/** The same where the newest text is kept: how often the writer is asked for it. */
export function kept(options) {
  const { room, settings } = open(options, false, KeptRoom);
  const { time } = room;
  const start = time.now;
  const end = start + (2 * AROUND_S + options.joinSeconds) * SECOND;
  room.type(end);
  time.run(start + AROUND_S * SECOND);
  room.joinAll(options.joinSeconds);
  time.run(end + 2 * AROUND_S * SECOND);
  const { text, version } = room.writer;
  const isNewest = ({ viewer }) => viewer.text === text && viewer.version === version && !viewer.needsText;
  const result = figures(room, settings, (time.now - start) / SECOND);
  const newest = room.seats.filter(isNewest).length;
  return { ...result, figures: { ...result.figures, ...room.counts, newest } };
}

/** The service drops everybody, who come back within some seconds. */
export function reconnect(options) {
  const { room, settings } = open(options, true);
  const { time } = room;
  const start = time.now;
  room.type(start + 60 * SECOND);
  time.run(start + AROUND_S * SECOND);
  room.reset();
  const { sockets, writer } = room;
  writer.left();
  for (const socket of sockets) room.disconnect(socket);
  // As link.js does: a first pause with jitter.
  const pause = () => 250 + room.random() * 250;
  time.at(time.now + pause(), () => room.joinWriter('socket-of-writer-again'));
  for (const socket of sockets) time.at(time.now + pause(), () => room.connect(socket));
  const broken = time.now;
  time.run(time.now + SECOND);
  while (room.waits.length < sockets.length && time.now < broken + LIMIT_S * SECOND)
    time.run(time.now + SECOND);
  const allHave = (room.lastServed - broken) / SECOND;
  time.run(time.now + 10 * SECOND);
  const result = figures(room, settings, (time.now - broken) / SECOND);
  return {
    ...result,
    figures: {
      ...result.figures,
      secondsUntilAllHave: Number(allHave.toFixed(2)),
      counted: room.writer.viewers,
    },
  };
}

/** Everybody is there, the writer types for a minute. */
export function steady(options) {
  const { room, settings } = open(options, true);
  const start = room.time.now;
  room.type(start + 60 * SECOND);
  room.time.run(start + 60 * SECOND);
  return figures(room, settings, 60);
}

/** Everybody is there, nothing happens for two minutes. */
export function idle(options) {
  const { room, settings } = open(options, true);
  room.time.run(room.time.now + 120 * SECOND);
  return figures(room, settings, 120);
}

/** Four sockets ask for the text once a second for a minute. */
export function hostile(options) {
  const { room, settings } = open(options, true);
  const end = room.time.now + 60 * SECOND;
  room.type(end);
  for (let i = 0; i < 4; i++)
    room.pester(`asker-${i}`, SECOND, end, () => ({ data: 'sync', epoch: 1, version: -1, form: 1 }));
  room.time.run(end);
  return figures(room, settings, 60);
}

/** One socket claims a greater epoch twice a second for a minute. */
export function claims(options) {
  const { room, settings } = open(options, true);
  const end = room.time.now + 60 * SECOND;
  room.type(end);
  room.pester('claimer', SECOND / 2, end, (times) => (
    { data: 'sync', epoch: 2 + times, version: 0, form: 1 }));
  room.time.run(end);
  return figures(room, settings, 60);
}

export const CASES = { storm, kept, reconnect, steady, idle, hostile, claims };
