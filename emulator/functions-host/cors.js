// CORS in front of the functions, as `func start --cors` does it, and as the platform does it on
// Linux Consumption and Flex, where no true preflight ever reaches the handler.

/**
 * @param {object} settings
 * @param {string[]} settings.origins that are allowed; '*' allows all
 * @param {boolean} [settings.credentials]
 * @param {boolean} [settings.platform] answer every true preflight, even with no origin allowed
 */
export function makeCors({ origins, credentials = false, platform = false }) {
  const active = platform || origins.length > 0;
  const allowed = (origin) => origins.includes('*') || origins.includes(origin);
  const grant = (origin) => ({
    'Access-Control-Allow-Origin': origins.includes('*') && !credentials ? '*' : origin,
    ...(credentials ? { 'Access-Control-Allow-Credentials': 'true' } : {}),
    ...(origins.length > 1 ? { Vary: 'Origin' } : {}),
  });
  return {
    /** @returns {object | undefined} the headers of a preflight's response; undefined: none */
    preflight({ method, headers }) {
      const asked = headers['access-control-request-method'];
      if (!active || method !== 'OPTIONS' || !headers.origin || !asked) return undefined;
      if (!allowed(headers.origin)) return {};
      const names = headers['access-control-request-headers'];
      return {
        ...grant(headers.origin),
        'Access-Control-Allow-Methods': asked,
        ...(names ? { 'Access-Control-Allow-Headers': names } : {}),
      };
    },
    /** @returns {object} the headers that the response to a real request gets */
    headers({ headers: { origin } }) {
      return origin && active && allowed(origin) ? grant(origin) : {};
    },
  };
}
