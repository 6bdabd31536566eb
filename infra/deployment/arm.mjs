// How Azure Resource Manager calls what a deployment is made of. Pure.

/** One version of each type, here and in the templates. */

export const API = {
  'Microsoft.SignalRService/webPubSub': '2024-03-01',
  'Microsoft.Web/sites': '2025-03-01',
  'Microsoft.Web/serverfarms': '2025-03-01',
  'Microsoft.Storage/storageAccounts': '2025-08-01',
  'Microsoft.OperationalInsights/workspaces': '2025-07-01',
  'Microsoft.Insights/components': '2020-02-02',
  'Microsoft.Authorization/roleAssignments': '2022-04-01',
};

/** Each part by its type, in the order in which it is made. */
export const TYPES = {
  service: 'Microsoft.SignalRService/webPubSub',
  storage: 'Microsoft.Storage/storageAccounts',
  host: 'Microsoft.Storage/storageAccounts',
  logs: 'Microsoft.OperationalInsights/workspaces',
  insights: 'Microsoft.Insights/components',
  plan: 'Microsoft.Web/serverfarms',
  app: 'Microsoft.Web/sites',
};

/** What a person calls each part. */
export const WORDS = {
  service: 'Web PubSub service',
  storage: 'storage account of the page',
  host: 'storage account of packages and host keys',
  logs: 'Log Analytics workspace',
  insights: 'Application Insights',
  plan: 'plan',
  app: 'function app',
};

/**
 * What the accounts are called: names of accounts have no hyphen. That of the host has a 0, which no name
 * of the page's account has in that place, and one character less behind it, so that it is no longer.
 */
export const ACCOUNTS = {
  storage: (unique) => unique.replace('-', ''),
  host: (unique) => unique.slice(0, -1).replace('-', '0'),
};

/** Where the host's account has the packages. */
export const PACKAGES = 'packages';

/** Built-in roles, the same in every subscription. */
export const ROLES = {
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb',
  webPubSubServiceOwner: '12cf5a90-567b-43ae-8102-96cf46c7d9b4',
};

/** The version by the last type that the path names: of what is below, its parent's. */
function versionOf(path) {
  const [space, ...rest] = path.split('?')[0].split('/providers/').at(-1).split('/');
  const known = Object.entries(API).find(
    ([type]) => type.toLowerCase() === `${space}/${rest[0]}`.toLowerCase(),
  );
  return known?.[1] ?? API['Microsoft.SignalRService/webPubSub'];
}

/** The words of a request to Resource Manager; `more` goes behind the version. */
export function rest(method, path, { body, more = '' } = {}) {
  const url = `${path}?api-version=${versionOf(path)}${more}`;
  return [
    'rest',
    '--method',
    method,
    '--url',
    url,
    ...(body === undefined ? [] : ['--body', body]),
  ];
}

export const inSubscription = (subscription) => `/subscriptions/${subscription}`;
export const inGroup = (subscription, group) =>
  `/subscriptions/${subscription}/resourceGroups/${group}`;
/** The name of the group that a resource is in. */
export const groupOf = (id) => id.split('/')[4];
export const idOf = (scope, part, name) => `${scope}/providers/${TYPES[part]}/${name}`;
export const isType = (part, type) => type.toLowerCase() === TYPES[part].toLowerCase();
/** Regions are spelt in two ways: West Europe is westeurope. */
export const region = (place) => (place ?? '').toLowerCase().replaceAll(' ', '');
