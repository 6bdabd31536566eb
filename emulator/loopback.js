// Which addresses only this machine can reach.

/** @param {string} host a name or an address, as in a URL or without the brackets */
export const isLoopback = (host) =>
  /^(localhost|.*\.localhost|127(\.\d+){3}|\[?::1\]?)$/i.test(host);
