// JSON Web Tokens as the service accepts and mints them: HS256 with the access key's raw UTF-8
// bytes (the key is never base64-decoded, whatever it looks like).

import { createHmac, timingSafeEqual } from 'node:crypto';

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
 * @param {{keys: string[], audience: (aud: string) => boolean, now?: number, skew?: number}} rules
 *   now and skew in seconds
 */
export function verifyToken(token, { keys, audience, now = Date.now() / 1000, skew = 0 }) {
  const parts = token.split('.');
  if (parts.length !== 3) throw new TokenError('the token is not a JWT');
  const [head, body, mac] = parts;
  const header = decode(head);
  if (header?.alg !== 'HS256') throw new TokenError('the token is not signed with HS256');
  if (!keys.some((key) => equal(mac, signature(`${head}.${body}`, key)))) {
    throw new TokenError('the token is not signed with an access key of this service');
  }
  const claims = decode(body);
  if (claims === null || typeof claims !== 'object' || Array.isArray(claims)) {
    throw new TokenError('the token has no claims');
  }
  checkTimes(claims, now, skew);
  const audiences = [claims.aud].flat().filter((aud) => typeof aud === 'string');
  if (!audiences.some(audience)) {
    throw new TokenError(`the token's audience is ${JSON.stringify(claims.aud)}`);
  }
  return claims;
}

function checkTimes({ exp, nbf }, now, skew) {
  if (!Number.isFinite(exp)) throw new TokenError('the token has no expiry');
  if (exp + skew <= now) throw new TokenError('the token has expired');
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
