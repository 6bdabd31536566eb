// The emulator as a library: starts it in this process, on a free port unless told otherwise.

export type SystemEvent = 'connect' | 'connected' | 'disconnected';

export interface EventHandler {
  /** http, https, or tunnel:/// for one behind a line; {hub} and {event} are filled in */
  urlTemplate: string;
  /** `*`, or names with commas; without it no user event is wanted */
  userEventPattern?: string;
  systemEvents?: SystemEvent[];
}

export interface HubSettings {
  /** whether clients without a token are admitted; `deny` unless told otherwise */
  anonymousConnectPolicy?: 'allow' | 'deny';
  /** the first one that wants an event gets it */
  eventHandlers?: EventHandler[];
}

/** Faults on purpose; they may change while it runs. Every n-th: 0 for none. */
export interface Faults {
  duplicateEvents?: boolean;
  eventLatencyMs?: number;
  eventDropEvery?: number;
  restLatencyMs?: number;
  restFailEvery?: number;
  restFailStatus?: number;
  tokenLifeSeconds?: number;
  closeAfterMs?: number;
  cutAfterMs?: number;
}

/** One line of the log; what does not apply is missing. */
export interface LogEntry {
  /** ISO 8601 */
  time: string;
  kind: 'client' | 'upstream' | 'rest' | 'note' | 'warn';
  /** the line without its kind */
  text: string;
  hub?: string;
  connection?: string;
  socket?: string;
  namespace?: string;
  room?: string;
  group?: string;
  user?: string;
  event?: string;
  /** of a client's packet */
  direction?: 'in' | 'out';
  method?: string;
  /** of a response; a word where there is none */
  status?: number | string;
  ms?: number;
  /** why something is refused: a row of the fidelity table, and its source */
  rule?: string;
  source?: string;
  /** what the client learns of it */
  reads?: string;
}

/** Times are in milliseconds. `--help` says what each setting means, and its default. */
export interface WebPubSubOptions extends Faults {
  /** 0, the default, takes a free one */
  port?: number;
  /** take a free port if that one is in use */
  orFree?: boolean;
  /** the address to listen on instead of the loopback interface */
  host?: string;
  /** listen there though anybody may know how to get in */
  insecure?: boolean;
  /** the address that tokens name */
  endpoint?: string;
  /** one or two, each of at least 32 bytes; without any, that of Microsoft's examples */
  accessKeys?: string[];
  /** bearer tokens that REST accepts unread, in place of Entra's */
  identityTokens?: string[];
  /** by name */
  hubs?: Record<string, HubSettings>;
  /** gets each line of the log, without its line break; warnings begin with `warn` */
  log?: (line: string) => void;
  /** only warnings and notes, or each exchange as well: the default */
  logLevel?: 'all' | 'warnings';
  /** gets the same as an object */
  logEntry?: (entry: LogEntry) => void;
  /** the service's own time of day */
  clock?: () => number;

  /** who gets the events of Socket.IO: event handlers, or servers that call useAzureSocketIO */
  serviceMode?: 'serverless' | 'default';
  serverGraceMs?: number;
  tunnelKeepAliveMs?: number;
  invokeTimeoutMs?: number;
  clockSkewSeconds?: number;
  audience?: 'exact' | 'lenient';
  checkTokenOnEveryRequest?: boolean;
  closeOnTokenExpiry?: boolean;
  groupClaim?: boolean;
  pingIntervalMs?: number;
  pingTimeoutMs?: number;
  maxPayload?: number;
  connectTimeoutMs?: number;
  maxPendingBytes?: number;
  maxQueuedPackets?: number;
  closingDisconnect?: 'one' | 'all';
  connectErrorText?: 'status' | 'body';
  connectAuth?: 'drop' | 'forward';
  binaryEvents?: 'forward' | 'refuse';
  ordering?: 'connection' | 'socket';
  idsBeginWith?: string;
  validateHandlers?: boolean;
  revalidateMs?: number;
  upstreamTimeoutMs?: number;
  retryDelaysMs?: number[];
  userEventFailure?: 'close' | 'disconnect' | 'ignore';
  headerEncoding?: 'minimal' | 'cloudevents';
  headerCase?: 'documented' | 'lower';
  eventType?: 'message' | 'name';
  originOnEvents?: boolean;
  connectedDelayMs?: number;
  signEvents?: boolean;
  connectionState?: boolean;
  connectResponse?: boolean;
  recoveryMs?: number;
  maxUnackedMessages?: number;
  keepAliveMs?: number;
  restBodyLimit?: number;
  defaultClientType?: 'socketio' | 'native';
  missingTarget?: 'accept' | 'refuse';
  joinDelayMs?: number;
  maxConnections?: number;
}

export interface WebPubSub {
  readonly port: number;
  /** such as `http://localhost:8080` */
  readonly endpoint: string;
  /** for the application's setting WebPubSubForSocketIOConnectionString */
  readonly connectionString: string;
  /** Replaces the event handlers of a hub. Throws if one of them makes no sense. */
  setEventHandlers(hub: string, eventHandlers: EventHandler[]): void;
  /** Changes faults for what comes from now on. */
  setFaults(faults: Faults): void;
  /** Ends the connections that there are: politely, or cut without a word. */
  endConnections(which?: { hub?: string; cut?: boolean }): void;
  /** Waits, at most so long, and resolves with the URLs of those that are not validated. */
  handlersValidated(ms: number): Promise<string[]>;
  /** Ends every connection and frees the port. */
  close(): Promise<void>;
}

/** Rejects with all that is wrong with the options, or if the port is in use. */
export function startWebPubSub(options?: WebPubSubOptions): Promise<WebPubSub>;
