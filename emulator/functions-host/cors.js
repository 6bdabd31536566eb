// Knows CORS as `func start --cors` does it: a true preflight never reaches the handler.

/**
 * @param {string[]} origins that are allowed; '*' allows all; none: no CORS at all
 * @param {boolean} credentials
 */
export function makeCors(origins, credentials = false) {
  const allowed = (origin) => origins.includes('*') || origins.includes(origin);
  const grant = (origin) => ({
    'Access-Control-Allow-Origin': origins.includes('*') && !credentials ? '*' : origin,
    ...(credentials ? { 'Access-Control-Allow-Credentials': 'true' } : {}),
    ...(origins.length > 1 ? { Vary: 'Origin' } : {}),
  });
  return {
    /** @returns {object | undefined} the headers of a preflight's answer; undefined: it is none */
    preflight({ method, headers }) {
      const asked = headers['access-control-request-method'];
      if (origins.length === 0 || method !== 'OPTIONS' || !headers.origin || !asked)
        return undefined;
      if (!allowed(headers.origin)) return {};
      const names = headers['access-control-request-headers'];
      return {
        ...grant(headers.origin),
        'Access-Control-Allow-Methods': asked,
        ...(names ? { 'Access-Control-Allow-Headers': names } : {}),
      };
    },
    /** @returns {object} what the answer to a real request gets */
    headers({ headers: { origin } }) {
      return origin && origins.length > 0 && allowed(origin) ? grant(origin) : {};
    },
  };
}
