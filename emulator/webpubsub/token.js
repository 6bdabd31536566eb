// JSON Web Tokens as the service accepts and mints them: HS256 with the access key's raw UTF-8
// bytes (the key is never base64-decoded, whatever it looks like).

import { createHmac, timingSafeEqual } from 'node:crypto';

import { explainAudience } from './cures.js';

/** Why a token was refused. The message is safe to log and to send: it quotes no token. */
export class TokenError extends Error {}

/** @returns {string} a signed token with these claims; `header` adds to the usual header */
export function signToken(claims, key, header = {}) {
  const head = encode({ alg: 'HS256', typ: 'JWT', ...header });
  const body = encode(claims);
  return `${head}.${body}.${signature(`${head}.${body}`, key)}`;
}

/**
 * Checks a token and returns its claims.
 * @param {string} token
 * @param {{keys: string[], audience: (aud: string) => boolean, wanted: string, now?: number,
 *   skew?: number}} rules wanted: the audience, to be told; now and skew in seconds
 */
export function verifyToken(token, { keys, audience, wanted, now = Date.now() / 1000, skew = 0 }) {
  const parts = token.split('.');
  if (parts.length !== 3) throw new TokenError('the token is not a JWT: three parts with dots');
  const [head, body, mac] = parts;
  const header = decode(head);
  if (header?.alg !== 'HS256') throw new TokenError('the token is not signed with HS256');
  const isSigned = (key) => equal(mac, signature(`${head}.${body}`, key));
  if (!keys.some(isSigned)) throw new TokenError(explainSignature(keys, isSigned));
  const claims = decode(body);
  if (claims === null || typeof claims !== 'object' || Array.isArray(claims)) {
    throw new TokenError('the token has no claims');
  }
  checkTimes(claims, now, skew);
  const audiences = [claims.aud].flat().filter((aud) => typeof aud === 'string');
  if (!audiences.some(audience)) {
    throw new TokenError(explainAudience(claims.aud, wanted));
  }
  return claims;
}

function explainSignature(keys, isSigned) {
  const isDecoded = keys.some((key) => isSigned(Buffer.from(key, 'base64')));
  const cure = isDecoded
    ? 'the key is its characters, and not what they are in base64'
    : "take the AccessKey of this service's connection string";
  return `the token is not signed with an access key of this service: ${cure}`;
}

function checkTimes({ exp, nbf }, now, skew) {
  if (!Number.isFinite(exp)) throw new TokenError('the token has no expiry: exp, in seconds since 1970');
  if (exp + skew <= now) {
    throw new TokenError(`the token has expired ${Math.round(now - exp)} s ago: a new one is needed`);
  }
  if (nbf === undefined) return;
  if (!Number.isFinite(nbf)) throw new TokenError("the token's nbf is not a number");
  if (nbf - skew > now) throw new TokenError('the token is not valid yet');
}

function signature(text, key) {
  return createHmac('sha256', key).update(text).digest('base64url');
}

function equal(a, b) {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part) {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
