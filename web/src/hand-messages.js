// The messages about hands and questions, their limits and their checks. A viewer's message has the
// whole of what it wants, so that one which is lost, doubled or late does no harm:
//
//   viewer → writer   {data:'hand'} n up [line] [question]   n grows with each change
//   writer → viewers  {type:'hand'} epoch n state            noted, or cleared
//
// Pages that do not know them pass over them.

import { plainText } from './protocol.js';

/** The most UTF-16 units of a question. */
export const MAX_QUESTION = 200;
/** No text has more lines than units, and one. */
const MAX_LINE = 256 * 1024 + 1;
/** A viewer may change its mind so often at once, and once more after each of these. */
export const HAND_BURST = 3;
export const HAND_EVERY_MS = 5_000;
/** The writer hears twice as much, so that no honest message is too much. */
export const HEARD_BURST = 2 * HAND_BURST;
export const HEARD_EVERY_MS = HAND_EVERY_MS / 2;
/** Viewers whose hands and questions the writer's page keeps. */
export const MAX_HANDS = 1_000;
/** What a session says that viewers may do. */
export const HANDS_OFF = 0;
export const HANDS = 1;
export const QUESTIONS = 2;

/**
 * @typedef {{ n: number, up: boolean, line: number | undefined, question: string }} HandMessage
 * @typedef {{ epoch: number, n: number, state: 'noted' | 'cleared' }} Reply
 */

/** @param {unknown} question */
export const cleanQuestion = (question) => plainText(question, MAX_QUESTION);

const isCount = (/** @type {any} */ value) => Number.isSafeInteger(value) && value >= 0;

/** @param {unknown} value @returns {Record<string, any>} */
const fieldsOf = (value) => (typeof value === 'object' && value !== null ? value : {});

/** A viewer's message, checked; undefined if it is none. @param {unknown} raw */
export function readHand(raw) {
  const { data, n, up, line, question } = fieldsOf(raw);
  if (data !== 'hand' || !isCount(n)) return undefined;
  const hasLine = isCount(line) && line > 0 && line <= MAX_LINE;
  /** @type {HandMessage} */
  const hand = {
    n,
    up: up === true,
    line: up === true && hasLine ? line : undefined,
    question: cleanQuestion(question),
  };
  return hand;
}

/** What the writer tells of a hand, checked; undefined if it is no such message. @param {unknown} raw */
export function readReply(raw) {
  const { type, epoch, n, state } = fieldsOf(raw);
  if (type !== 'hand' || !isCount(epoch) || !isCount(n)) return undefined;
  if (state !== 'noted' && state !== 'cleared') return undefined;
  return /** @type {Reply} */ ({ epoch, n, state });
}
