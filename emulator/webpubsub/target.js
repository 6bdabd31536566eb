// What a request is for: its path as the client has spelt it, and its query.
//
// A URL parser is of no use here: it takes `/groups/../:send` for `/:send`, and a name that someone
// has chosen would decide whom a call is about.

const AUTHORITY = /^https?:\/\/[^/?#]*/i;

/**
 * @param {string} text the target of the request line
 * @returns {{pathname: string, search: string, searchParams: URLSearchParams} | undefined}
 *   undefined: there is no path in it
 */
export function readTarget(text) {
  const [local] = text.replace(AUTHORITY, '').split('#', 1);
  const end = local.indexOf('?') < 0 ? local.length : local.indexOf('?');
  const [pathname, search] = [local.slice(0, end) || '/', local.slice(end)];
  if (!pathname.startsWith('/')) return undefined;
  return { pathname, search, searchParams: new URLSearchParams(search) };
}

/** A part of a path, decoded; undefined: it is not percent-encoded UTF-8. */
export function decodeSegment(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** Whether a name is one that URL parsers take out of a path, together with the part before it. */
export const isDotSegment = (name) => name === '.' || name === '..';
