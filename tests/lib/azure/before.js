// A deployment as the programs of before have left it: one storage account for the page, the packages
// and the host's keys, of which the app's identity is the owner; a person has changed what a person may.
import { SUBSCRIPTION } from './cloud.js';

const CONNECTION = 'WebPubSubForSocketIOConnectionString';
const ROLES = {
  'Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
  'Table Data Contributor': '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
  'Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb',
  'Blob Data Contributor': 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
};

/** @param {import('./world.js').World} world */
export function leaveBefore({ cloud, ids, state }) {
  const common = { location: 'westeurope', tags: { application: 'codestream' } };
  const made = { provisioningState: 'Succeeded' };
  const { name, account } = ids;
  const principalId = `principal ${name}`;
  state.groups.codestream = { location: 'westeurope', tags: { application: 'codestream' } };
  cloud.put(ids.service, {
    ...common,
    kind: 'SocketIO',
    keys: ['first-key-of-the-service', 'second-key-of-the-service'],
    sku: { name: 'Standard_S1', capacity: 3 },
    properties: { ...made, hostName: `${name}.webpubsub.example`, disableLocalAuth: false },
  });
  cloud.put(ids.storage, {
    ...common,
    properties: {
      ...made,
      primaryEndpoints: {
        web: `https://${account}.web.example/`,
        blob: `https://${account}.blob.example/`,
      },
    },
  });
  cloud.put(`${ids.storage}/blobServices/default`, { properties: {} });
  for (const part of ['logs', 'plan']) cloud.put(ids[part], { ...common, properties: made });
  const ConnectionString = 'InstrumentationKey=of-before';
  cloud.put(ids.insights, { ...common, properties: { ...made, ConnectionString } });
  cloud.put(ids.app, {
    ...common,
    identity: { principalId },
    properties: {
      ...made,
      defaultHostName: `${name}.example`,
      hostNameSslStates: [{ name: `${name}.scm.example`, hostType: 'Repository' }],
      functionAppConfig: {
        runtime: { name: 'custom', version: '1.0' },
        deployment: {
          storage: {
            type: 'blobcontainer',
            value: `https://${account}.blob.example/packages`,
            authentication: { type: 'systemassignedidentity' },
          },
        },
        scaleAndConcurrency: { instanceMemoryMB: 2048, maximumInstanceCount: 40, alwaysReady: null },
      },
    },
  });
  for (const way of ['scm', 'ftp']) {
    const id = `${ids.app}/basicPublishingCredentialsPolicies/${way}`;
    cloud.put(id, { properties: { allow: true } });
  }
  cloud.put(`${ids.app}/config/web`, {
    properties: {
      cors: {
        allowedOrigins: [`https://${account}.web.example`, 'https://live.example'],
        supportCredentials: false,
      },
    },
  });
  cloud.put(`${ids.app}/config/appsettings`, {
    properties: {
      AzureWebJobsStorage__accountName: account,
      AzureWebJobsStorage__credential: 'managedidentity',
      APPLICATIONINSIGHTS_CONNECTION_STRING: ConnectionString,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD',
      CODESTREAM_HUB: 'codestream',
      CODESTREAM_SECRET: 'the secret of before, which writers depend on',
      CODESTREAM_TOKEN_MINUTES: '30',
      SOMETHING_BY_HAND: 'a value that somebody has set',
      [CONNECTION]: `Endpoint=https://${name}.webpubsub.example;AccessKey=first-key-of-the-service;Version=1.0;`,
    },
  });
  const give = (scope, role, to) =>
    cloud.put(`${scope}/providers/Microsoft.Authorization/roleAssignments/${role} of before`, {
      properties: {
        principalId: to,
        roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/roleDefinitions/${ROLES[role]}`,
      },
    });
  give(ids.storage, 'Blob Data Owner', principalId);
  give(ids.storage, 'Table Data Contributor', principalId);
  give(ids.insights, 'Metrics Publisher', principalId);
  give(ids.storage, 'Blob Data Contributor', 'somebody who has deployed');
  const ours = {
    urlTemplate: `https://${name}.example/eventhandler?code=function-key-in-${account}`,
    userEventPattern: '*',
    systemEvents: ['connect', 'connected', 'disconnected'],
  };
  const theirs = { urlTemplate: 'https://theirs.example/?code=x', userEventPattern: 'x' };
  const more = {
    anonymousConnectPolicy: 'deny',
    webSocketKeepAliveIntervalInSeconds: 20,
    eventListeners: [],
  };
  cloud.put(`${ids.service}/hubs/codestream`, { properties: { ...more, eventHandlers: [ours] } });
  cloud.put(`${ids.service}/hubs/theirs`, { properties: { ...more, eventHandlers: [theirs] } });
  const output = (value) => ({ type: 'String', value });
  state.deployments['codestream/codestream'] = {
    group: 'codestream',
    name: 'codestream',
    provisioningState: 'Succeeded',
    timestamp: 'before',
    parameters: { name: output('codestream'), sku: output('Standard_S1') },
    outputs: {
      functionApp: output(name),
      api: output(`https://${name}.example`),
      webPubSub: output(name),
      service: output(`https://${name}.webpubsub.example`),
      storage: output(account),
      page: output(`https://${account}.web.example`),
      hub: output('codestream'),
    },
  };
  state.deployments['codestream/codestream-hub'] = {
    group: 'codestream',
    name: 'codestream-hub',
    provisioningState: 'Succeeded',
    timestamp: 'before',
    parameters: { functionApp: output(name), webPubSub: output(name), hub: output('codestream') },
  };
  state.packages[ids.app] = { id: 'package of before', status: 4, content: 'the package of before' };
  state.websites[account] = { enabled: true, indexDocument: 'index.html', errorDocument404Path: 'no.html' };
  state.blobs[account] = { 'index.html': ['', '', '', ''] };
}
