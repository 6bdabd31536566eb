// Why something is refused: each rule is a row of the fidelity table in README.md, with its sources.

/** By name: the row's first cell, and its second. */
export const RULES = {
  clientToken: ['client token: HS256, either key, exp, nbf, aud; 401 before the handshake', 'SPEC, NET'],
  hubName: ["what is no hub's name is 400 at the endpoints of clients", "REC 2021, Microsoft's page on gateways"],
  path: ['wrong paths are 404, each with a line in the log', "Microsoft's troubleshooting page"],
  request: ['a refused upgrade is one line of the log', 'a promise of ours'],
  malformed: ['malformed input costs only its sender', 'a promise of ours'],
  full: ['what a client reads that is more than the tier allows', '`--max-connections`'],
  engine: ['Engine.IO handshake, payloads, heartbeat, close, upgrade', 'EIO4'],
  protocol: ['namespaces, events, acks, binary, malformed packets', 'SIO5'],
  connect: ['a refused `connect` is a CONNECT_ERROR for that socket only', 'SPEC, SIO5'],
  validation: ['validation with OPTIONS before the first event, `{event}` is `validate`', 'CE, EH, EMU'],
  handler: ['the first handler that wants an event gets it', 'EH'],
  retries: ['events are retried after 408, 5xx and network failures, not after other 4xx', 'EMU'],
  native: ['native: roles for joining and sending', 'CLI, EMU'],
  line: ["a server's line: a token whose aud is the URL that is dialled, with ws and without the token", 'TUN'],
  mode: ['a service has one mode; a line is no reason to change it', "Microsoft's page on service modes"],
  frame: ['a frame that is none costs the line that it came on', 'a promise of ours'],
  noServer: ['what a client reads when its hub has no server', 'unknown: 503'],
  serverConnect: ['what a client reads when a server refuses its session', "unknown: the server's status and text"],
  serverEvents: ['events of a client go to its server one after the other, each once', 'TUN'],
  restToken: ['REST token: aud is the exact URL, query included', 'SPEC, REST, SDKs'],
  rest: ['error body and `x-ms-error-code` of all others', 'REST'],
};
