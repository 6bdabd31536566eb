// What a client probably meant by a path where nothing is: the first mistake of every beginner.

const HINTS = [
  [/^\/socket\.io\//, "a Socket.IO client needs the option `path: '/clients/socketio/hubs/{hub}'`"],
  [/^\/clients\/mqtt\//, 'the stand-in has no MQTT'],
  [/^\/clients?(?:$|\/)/, 'clients connect to /clients/socketio/hubs/{hub} or /client/hubs/{hub}'],
];

/** @returns {string} for the log, and for whoever reads the response */
export function explainPath(pathname) {
  const [, hint] = HINTS.find(([pattern]) => pattern.test(pathname)) ?? [];
  return `there is nothing at ${pathname}${hint ? `: ${hint}` : ''}`;
}

/** In the words of the service, and in ours. */
export const invalidHub = (name) =>
  `Invalid value of 'hub'. '${name}' is not a letter and then letters, digits or _ \` , . [ ]`;
