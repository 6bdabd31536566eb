// Connection ids in the form of the service's: 31 characters of base64url, of which the last nine
// are the same for all connections of one process.

import { randomBytes } from 'node:crypto';

const OWN_BYTES = 16; // 22 characters
const NODE = `${randomBytes(4).toString('base64url')}K02`; // 6 characters, and 3 that seldom change

/** @param {string} [start] what every id begins with: - and _ are where programs stumble */
export const connectionId = (start = '') =>
  start + randomBytes(OWN_BYTES).toString('base64url').slice(start.length) + NODE;
