// What can be wrong with a deployment. mend: the setting, command or portal page that puts it right;
// seen: what a person sees of it in the page or in az, word for word; after: other causes that would
// have the same effect, so that this one is not named beside them.

const CANNOT = 'the page says “The service cannot be reached; trying again.”';
const NOT_YET = 'the page says “The service does not answer yet; trying again.”';
const NOT_KEPT = 'the page says “Not kept: ”, and why';
const SETTINGS = 'portal: Function App, Environment variables; az functionapp config appsettings set';
const HUB = 'portal: Web PubSub, Settings, the hub; az webpubsub hub update';
const LOG = 'portal: Application Insights, Logs, traces';
const HANDLER_JSON = 'eventhandler/function.json';
const DOWN = ['app', 'host', 'settings', 'forwarding'];

export const CAUSES = {
  // ---- the function app ----
  app: {
    mend: 'is the address right, and is the app started (az functionapp start)? After a rest it takes its time',
    seen: CANNOT,
  },
  host: {
    mend: `publish the package again (make package); ${LOG} has the reason: “Failed to start Worker Channel” `
      + 'if the program that host.json names is missing, not executable, or for another system',
    seen: `${CANNOT} az: “Deployment was successful but the app appears to be unhealthy.”`,
    after: ['app'],
  },
  settings: {
    mend: 'compare az functionapp config appsettings list with docs/settings.md, above all '
      + `WebPubSubForSocketIOConnectionString; ${SETTINGS}. The name of the setting is in ${LOG}`,
    seen: CANNOT,
    after: ['app', 'host'],
  },
  forwarding: {
    mend: 'set enableForwardingHttpRequest to true in host.json, and publish again',
    seen: CANNOT,
  },
  route: {
    mend: 'is the prefix right (routePrefix in host.json, /api), is the app deployed, and is no function '
      + 'disabled (az functionapp function list)?',
    seen: CANNOT,
    after: ['app'],
  },
  closed: {
    mend: 'set authLevel to anonymous in negotiate/function.json; with App Service authentication, let '
      + 'requests in that are not signed in (portal: Function App, Authentication)',
    seen: 'the page says “The function app refused the request.”',
  },
  stranger: { mend: 'is this the right address?', seen: CANNOT },
  cors: {
    mend: 'add the origin: portal, Function App, CORS; deploy with --origin; Host.CORS in local.settings.json',
    seen: `${CANNOT} The browser's console says “blocked by CORS policy”`,
    after: ['app', 'stranger'],
  },
  word: {
    mend: `give the doctor and the handler the same CODESTREAM_WRITERS: ${SETTINGS}`,
    seen: 'the page says “Starting a stream here needs a word.”',
  },
  page: {
    mend: 'publish the page again with this app\'s address: deploy, or node emulator/website.js --api URL',
    seen: CANNOT,
  },
  noPage: { mend: 'is the address of the page right, and is the page published?', seen: 'no page' },

  // ---- kept texts ----
  notKept: {
    mend: 'is CODESTREAM_STORAGE__blobServiceUri set? deploy --keep-days N does that; without it, deploy makes a page '
      + 'that says nothing of kept texts',
    seen: 'the page says “Will be kept for ” so many days, and then no more of it',
  },
  keptUnsaid: {
    mend: 'is there a rule that deletes? deploy --keep-days N makes it, and publishes the page that says so; '
      + `without CODESTREAM_STORAGE__blobServiceUri nothing is kept: ${SETTINGS}`,
    seen: 'nothing in the page: it keeps no text',
    after: ['page'],
  },
  storageRight: {
    mend: 'give the app\'s identity the role Storage Blob Data Contributor on the container rooms: deploy --keep-days, '
      + 'or portal: storage account, the container, Access control (IAM); a role takes some minutes',
    seen: NOT_KEPT,
  },
  storageNetwork: {
    mend: 'portal: storage account, Networking: let the function app in, by a network that it is in',
    seen: NOT_KEPT,
  },
  storageContainer: {
    mend: 'deploy --keep-days N makes the container rooms in the account that CODESTREAM_STORAGE__blobServiceUri names',
    seen: NOT_KEPT,
  },
  storage: {
    mend: 'is CODESTREAM_STORAGE__blobServiceUri the address of the account, and has the app an identity? '
      + `az functionapp identity show; ${LOG}`,
    seen: NOT_KEPT,
    after: ['storageRight', 'storageNetwork', 'storageContainer'],
  },
  taken: {
    mend: 'App Service Authentication may take the header Authorization for its own: let /text pass by it, as '
      + 'docs/deploying.md says (portal: Function App, Authentication)',
    seen: NOT_KEPT,
    after: ['closed'],
  },
  textRoute: {
    mend: 'publish the package again (make package): it has the function text, with get, put and delete in text/function.json',
    seen: NOT_KEPT,
    after: ['route'],
  },

  // ---- the two of them ----
  key: {
    mend: 'give the handler and the doctor the same connection string, with a key that is still valid: '
      + `portal, Web PubSub, Keys; az webpubsub key show; ${SETTINGS}`,
    seen: CANNOT,
  },
  clientEndpoint: {
    mend: `give the doctor and the handler the same CODESTREAM_CLIENT_ENDPOINT, or none: ${SETTINGS}`,
    seen: CANNOT,
  },
  otherService: {
    mend: `give the doctor and the handler the same connection string: ${SETTINGS}`,
    seen: CANNOT,
  },
  hub: {
    mend: 'set CODESTREAM_HUB alike for the handler, the doctor and the hub of the service: '
      + `${SETTINGS}; ${HUB}`,
    seen: NOT_YET,
  },
  functionKey: {
    mend: 'az functionapp function keys list --function-name eventhandler says the key: put it into the '
      + `hub's URL template as ?code=KEY (${HUB}), and into CODESTREAM_FUNCTION_KEY`,
    seen: CANNOT,
    after: ['key', 'app'],
  },
  url: {
    mend: 'set the hub\'s URL template to https://APP/eventhandler?code=KEY of this app, which must be open '
      + `to the internet: ${HUB}`,
    seen: CANNOT,
    after: ['app', 'hub', 'functionKey', 'options', 'route', 'otherService'],
  },
  refusedClient: {
    mend: 'is the hub\'s URL template that of this handler, and its ?code= the present function key? '
      + `${HUB}; ${LOG}`,
    seen: CANNOT,
    after: ['key', 'hub', 'functionKey', 'url', 'identity', 'options', 'route', 'otherService', ...DOWN],
  },
  identity: {
    mend: 'give the app\'s identity the role Web PubSub Service Owner on the service (portal: Web PubSub, '
      + 'Access control (IAM); az role assignment create); a role takes some minutes',
    seen: NOT_YET,
  },

  // ---- event handler and hub ----
  options: { mend: `list options among the methods in ${HANDLER_JSON}`, seen: CANNOT, after: DOWN },
  post: { mend: `list post among the methods in ${HANDLER_JSON}`, seen: CANNOT, after: ['hub', ...DOWN] },
  removed: {
    mend: 'find out what removes WebHook-Allowed-Origin between the service and the handler', seen: CANNOT,
  },
  open: { mend: `set authLevel to function in ${HANDLER_JSON}`, seen: 'nothing in the page' },
  anonymous: {
    mend: `set anonymousConnectPolicy of the hub to deny: ${HUB}`, seen: 'nothing in the page',
  },
  pattern: { mend: `set userEventPattern of the hub's event handler to *: ${HUB}`, seen: NOT_YET },
  noHandler: {
    mend: 'give the hub of this name an event handler: URL template, userEventPattern *, all system events '
      + `(${HUB}), or name the hub that has one in CODESTREAM_HUB (${SETTINGS})`,
    seen: NOT_YET,
    after: ['hub'],
  },
  systemEvents: {
    mend: 'the hub\'s event handler needs the system events connect, connected, disconnected: '
      + `${HUB}`,
    seen: NOT_YET,
    after: DOWN,
  },

  // ---- the service ----
  service: {
    mend: 'is the endpoint in the connection string right, and within reach (portal: Web PubSub, Networking)?',
    seen: CANNOT,
  },
  kind: { mend: 'the resource must be of kind SocketIO, in serverless mode: portal, Web PubSub', seen: CANNOT },
  mode: {
    mend: 'put it into serverless mode, which ends servers that use it: az resource patch --ids ID '
      + '--properties \'{"socketIO":{"serviceMode":"Serverless"}}\'',
    seen: CANNOT,
  },
  tier: {
    mend: 'wait, or take a larger tier or more units: portal, Web PubSub, Scale; az webpubsub update --sku '
      + 'Standard_S1',
    seen: CANNOT,
  },
  clock: { mend: 'set the clock of the one that is named', seen: CANNOT },
  certificate: {
    mend: 'use a valid certificate for its name; CODESTREAM_CA_FILE has further authorities', seen: CANNOT,
  },
  unknownApp: { mend: `look at ${LOG}`, seen: CANNOT, after: DOWN },
  unknownService: { mend: 'look at the live trace of the service (portal: Web PubSub)', seen: CANNOT },
};

/** What is to be said of a cause, given those that were named before. */
export function explain(cause, named) {
  const { mend, seen, after = [] } = CAUSES[cause];
  return { fix: mend, seen, isConsequence: [cause, ...after].some((other) => named.has(other)) };
}
