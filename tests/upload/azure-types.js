// What is known of the Azure resource types in infra/*.bicep: their properties, the types and the
// values of those, as Microsoft publishes them. The templates are held against it.

export const ANY = 'any';
const each = (item) => ({ each: item });
const TOP = { name: 'string', location: 'string', tags: ANY };

/** Leaves: a type, or a list of the values there are. What is not in here is a mistake. */
export const SCHEMAS = {
  'Microsoft.SignalRService/webPubSub@2024-03-01': {
    ...TOP,
    kind: ['WebPubSub', 'SocketIO'],
    sku: { name: ['Free_F1', 'Standard_S1', 'Premium_P1', 'Premium_P2'], capacity: 'int' },
    identity: { type: ['None', 'SystemAssigned', 'UserAssigned'] },
    properties: {
      disableLocalAuth: 'bool',
      disableAadAuth: 'bool',
      publicNetworkAccess: ['Enabled', 'Disabled'],
      socketIO: { serviceMode: ['Default', 'Serverless'] },
      networkACLs: {
        defaultAction: ['Allow', 'Deny'],
        publicNetwork: {
          allow: each(['ServerConnection', 'ClientConnection', 'RESTAPI', 'Trace']),
          deny: each(['ServerConnection', 'ClientConnection', 'RESTAPI', 'Trace']),
        },
      },
    },
  },
  'Microsoft.SignalRService/webPubSub/hubs@2024-03-01': {
    parent: ANY,
    name: 'string',
    properties: {
      anonymousConnectPolicy: 'string',
      webSocketKeepAliveIntervalInSeconds: 'int',
      eventListeners: ANY,
      eventHandlers: each({
        urlTemplate: 'string',
        userEventPattern: 'string',
        systemEvents: each(['connect', 'connected', 'disconnected']),
        auth: { type: ['None', 'ManagedIdentity'], managedIdentity: { resource: 'string' } },
      }),
    },
  },
  'Microsoft.Storage/storageAccounts@2025-08-01': {
    ...TOP,
    kind: ['StorageV2'],
    sku: { name: ['Standard_LRS', 'Standard_ZRS', 'Standard_GRS'] },
    properties: {
      allowBlobPublicAccess: 'bool',
      allowCrossTenantReplication: 'bool',
      allowSharedKeyAccess: 'bool',
      defaultToOAuthAuthentication: 'bool',
      minimumTlsVersion: ['TLS1_0', 'TLS1_1', 'TLS1_2', 'TLS1_3'],
      supportsHttpsTrafficOnly: 'bool',
    },
  },
  'Microsoft.Storage/storageAccounts/blobServices@2025-08-01': {
    parent: ANY,
    name: ['default'],
    properties: {
      containerDeleteRetentionPolicy: { enabled: 'bool', days: 'int' },
      deleteRetentionPolicy: { enabled: 'bool', days: 'int' },
      isVersioningEnabled: 'bool',
      staticWebsite: { enabled: 'bool', indexDocument: 'string' },
    },
  },
  'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01': {
    parent: ANY, name: 'string', properties: { publicAccess: ['None', 'Blob', 'Container'] },
  },
  'Microsoft.OperationalInsights/workspaces@2025-07-01': {
    ...TOP,
    properties: {
      sku: { name: ['PerGB2018'] },
      retentionInDays: 'int',
      workspaceCapping: { dailyQuotaGb: 'int' },
    },
  },
  'Microsoft.Insights/components@2020-02-02': {
    ...TOP,
    dependsOn: ANY,
    kind: ['web'],
    properties: {
      Application_Type: ['web', 'other'], WorkspaceResourceId: 'string', DisableLocalAuth: 'bool',
    },
  },
  'Microsoft.Web/serverfarms@2025-03-01': {
    ...TOP,
    kind: ['functionapp'],
    sku: { name: ['FC1'], tier: ['FlexConsumption'] },
    properties: { reserved: 'bool' },
  },
  'Microsoft.Web/sites@2025-03-01': {
    ...TOP,
    dependsOn: ANY,
    kind: ['functionapp,linux'],
    identity: { type: ['SystemAssigned', 'UserAssigned'] },
    properties: {
      serverFarmId: 'string',
      httpsOnly: 'bool',
      // Flex Consumption refuses all else.
      siteConfig: {
        cors: { allowedOrigins: each('string'), supportCredentials: 'bool' },
        minTlsVersion: ['1.2', '1.3'],
      },
      functionAppConfig: {
        runtime: { name: ['custom'], version: ['1.0'] },
        deployment: {
          storage: {
            type: ['blobContainer'],
            value: 'string',
            authentication: {
              type: ['SystemAssignedIdentity', 'UserAssignedIdentity',
                'StorageAccountConnectionString'],
            },
          },
        },
        scaleAndConcurrency: {
          instanceMemoryMB: 'int',
          maximumInstanceCount: 'int',
          triggers: { http: { perInstanceConcurrency: 'int' } },
        },
      },
    },
  },
  'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01': {
    parent: ANY, name: ['scm', 'ftp'], properties: { allow: 'bool' },
  },
  'Microsoft.Web/sites/config@2025-03-01': {
    parent: ANY, name: ['appsettings'], properties: ANY,
  },
  'Microsoft.Authorization/roleAssignments@2022-04-01': {
    scope: ANY,
    name: 'string',
    properties: {
      roleDefinitionId: 'string',
      principalId: 'string',
      description: 'string',
      principalType: ['User', 'Group', 'ServicePrincipal'],
    },
  },
};

/** What a template may read from a resource once it is there. */
export const READABLE = ['id', 'name', 'identity.principalId', 'properties.hostName',
  'properties.defaultHostName', 'properties.ConnectionString', 'properties.InstrumentationKey', 'properties.primaryEndpoints.web',
  'properties.primaryEndpoints.blob', 'listKeys'];

/** The functions of Bicep that the templates call. */
export const FUNCTIONS = ['concat', 'contains', 'deployer', 'empty', 'environment', 'fail', 'filter', 'guid', 'join',
  'length', 'listKeys', 'objectKeys', 'range', 'replace', 'resourceGroup', 'resourceId', 'string',
  'subscriptionResourceId', 'substring', 'take', 'toLower', 'toObject', 'union', 'uniqueString'];

/** Built-in roles, the same in every subscription. */
export const ROLE_IDS = {
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb',
  webPubSubServiceOwner: '12cf5a90-567b-43ae-8102-96cf46c7d9b4',
};
