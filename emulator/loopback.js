// Which addresses only this machine can reach, and which are all that it has.

/** @param {string} host a name or an address, as in a URL or without the brackets */
export const isLoopback = (host) =>
  /^(localhost|.*\.localhost|127(\.\d+){3}|\[?::1\]?)$/i.test(host);

/** @param {string} [host] as given to listen */
export const isEverywhere = (host) => host === '0.0.0.0' || host === '::';
