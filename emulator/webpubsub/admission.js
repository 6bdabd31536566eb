// Who may open a client connection: the token in the query (or the Authorization header), its
// audience, and hubs that admit anybody.

import { TokenError, verifyToken } from './token.js';

const NAME_CLAIM = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier';
const ROLE_CLAIM = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';

const MAX_NAME = 40; // characters of a parameter's name that are told

/** What a client reads that is one too many; the real text is not known. */
export const FULL = 'the connections that the tier allows are all in use';

/**
 * @param {{url: URL, headers: object}} request
 * @param {string} audience the one that the token must name
 * @param {{hub, options}} rules
 * @returns {object | undefined} the claims; undefined for an anonymous client
 * @throws {TokenError}
 */
export function admit({ url, headers }, audience, { hub, options }) {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const token = url.searchParams.get('access_token') ?? bearer;
  if (token === undefined) {
    if (hub.allowsAnonymous) return undefined;
    throw new TokenError(explainMissing(url.searchParams, hub));
  }
  const claims = verifyToken(token, {
    keys: options.accessKeys,
    audience: (aud) => sameClientAudience(aud, audience, options.audience),
    wanted: audience,
    now: options.clock() / 1000,
    skew: options.clockSkewSeconds,
  });
  shorten(claims, options);
  if (['string', 'undefined'].includes(typeof claims.sub)) return claims;
  throw new TokenError("the token's sub is not a string");
}

function explainMissing(query, { name }) {
  const other = [...query.keys()].find((key) => /token|jwt|auth/i.test(key));
  const given = other === undefined ? '' : ` ('${other.slice(0, MAX_NAME)}' is there)`;
  const cure = `the query has it, and \`token --hub ${name}\` prints one; or --hub ${name} --anonymous`;
  return `there is no access_token${given}, and the hub admits nobody without one: ${cure}`;
}

/** A token whose life is shorter on purpose: it ends so long after it was made. */
function shorten(claims, { tokenLifeSeconds, clock }) {
  if (tokenLifeSeconds === 0) return;
  claims.exp = Math.min(claims.exp, (Number(claims.iat) || 0) + tokenLifeSeconds);
  if (claims.exp <= clock() / 1000) throw new TokenError('the token has expired, on purpose');
}

/**
 * Audiences are URLs: neither the case of the host, nor the default port, nor which characters are
 * percent-encoded makes a difference.
 * @param {string} wanted with the endpoint as service.js spells it
 * @param {string} mode 'exact', or 'lenient': also without case and query
 */
export function sameAudience(aud, wanted, mode) {
  const [given, own] = [canonical(aud), canonical(wanted)];
  if (given === own) return true;
  return mode === 'lenient' && plain(given) === plain(own);
}

/** The same for clients: ws, wss, http and https are one scheme. */
export function sameClientAudience(aud, wanted, mode) {
  const place = (url) => canonical(url.replace(/^ws(?=s?:)/i, 'http')).replace(SCHEME, '');
  const [given, own] = [place(aud), place(wanted)];
  if (given === own) return true;
  return mode === 'lenient' && plain(given) === plain(own);
}

const SCHEME = /^https?(?=:)/;

/** One spelling for all that mean the same; what is no URL of ours stays as it is. */
function canonical(url) {
  const [, place, path, search] = /^(https?:\/\/[^/?#@\\\s]+)([^?#]*)([^#]*)$/is.exec(url) ?? [];
  try {
    return new URL(place).origin + respell(path) + respell(search);
  } catch {
    return url;
  }
}

/** Encodes what is between the separators as encodeURIComponent does, whichever way it came. */
const respell = (text) =>
  text.replace(/[^/?&=]+/g, (part) => encodeURIComponent(decodeURIComponent(part)));

const plain = (url) => url.split('?')[0].toLowerCase();

/** How the `connect` event describes a handshake: every value is in a list. */
export function describeHandshake({ url, headers }, claims = {}) {
  const query = Object.create(null); // a parameter may be called 'constructor'
  for (const [name, value] of url.searchParams) (query[name] ??= []).push(value);
  return {
    claims: describeClaims(claims),
    query,
    headers: mapValues(headers, (value) => [value].flat()),
  };
}

/** sub and role appear under their long names too. */
function describeClaims(claims) {
  const described = {};
  if (claims.sub !== undefined) described[NAME_CLAIM] = claims.sub;
  if (claims.role !== undefined) described[ROLE_CLAIM] = claims.role;
  return mapValues({ ...described, ...claims }, (value) => [value].flat().map(asText));
}

const asText = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}
