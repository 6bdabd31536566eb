// Everything Codestream needs in Azure, but for two things: the hub's event handler, which can be
// registered only once the function answers (hub.bicep), and the switch of the static website,
// which no template can turn on (upload.sh).
//
// `identity` decides how handler and service know each other.
//
// false: the handler holds the service's access key, as an app setting. With it the handler checks
// the signature of every event, so a stranger who learns the function key still cannot invent one.
//
// true: no access key is valid anywhere, the handler proves itself with the app's managed identity.
// It is not known whether the service signs its events then, and the handler could not check it:
// what keeps strangers out is the function key in the event handler's URL alone.

@description('Prefix of every name.')
@minLength(3)
@maxLength(11)
param name string = 'codestream'

@description('Where; see az functionapp list-flexconsumption-locations.')
param location string = resourceGroup().location

@description('Tier of the Web PubSub service.')
@allowed(['Free_F1', 'Standard_S1', 'Premium_P1', 'Premium_P2'])
param sku string = 'Free_F1'

@description('Units of the Web PubSub service; Free_F1 has one.')
param units int = 1

@description('True: managed identity, no access key. False: the access key in an app setting.')
param identity bool = false

@description('Hub of the Web PubSub service.')
param hub string = 'codestream'

@description('Further origins that may call negotiate, such as a domain of your own.')
param origins string[] = []

@description('Further app settings, such as CODESTREAM_TOKEN_MINUTES; those below prevail.')
param extraSettings object = {}

@description('Origins, and app settings (name and value), that the app has already and keeps.')
@secure()
param kept object

@description('Signs the keys of writers; they are valid as long as it stays the same.')
@secure()
@minLength(32)
param secret string

var unique = '${name}-${uniqueString(resourceGroup().id, name)}'
var tags = { application: 'codestream' }
var packages = 'packages'

// The website's address ends with a slash; an origin does not.
var website = storage.properties.primaryEndpoints.web
var page = take(website, length(website) - 1)

var role = 'Microsoft.Authorization/roleDefinitions'
var roles = {
  storageBlobDataContributor: subscriptionResourceId(role, 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')
  storageBlobDataOwner: subscriptionResourceId(role, 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b')
  storageTableDataContributor: subscriptionResourceId(role, '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3')
  monitoringMetricsPublisher: subscriptionResourceId(role, '3913510d-42f4-4e42-8a64-420c390055eb')
  webPubSubServiceOwner: subscriptionResourceId(role, '12cf5a90-567b-43ae-8102-96cf46c7d9b4')
}

// ---- the service that holds every connection ----

resource webPubSub 'Microsoft.SignalRService/webPubSub@2024-03-01' = {
  name: unique
  location: location
  tags: tags
  kind: 'SocketIO'
  sku: {
    name: sku
    capacity: units
  }
  properties: {
    disableLocalAuth: identity
    socketIO: {
      serviceMode: 'Serverless'
    }
    // The service's own default, spelt out so that a second deployment does not take it for
    // "nobody".
    networkACLs: {
      defaultAction: 'Deny'
      publicNetwork: {
        allow: ['ClientConnection', 'ServerConnection', 'RESTAPI', 'Trace']
      }
    }
  }
}

// ---- storage: the package of the function app, and the page ----

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: replace(unique, '-', '')
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    // The website is public all the same: it has an endpoint of its own.
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: storage
  name: 'default'
}

resource packageContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: packages
}

// ---- logs ----

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: unique
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    // No retentionInDays: the tables of Application Insights, and there are no others, keep 90 days
    // without charge whatever it says.
    // A bound on what a flood of log lines can cost.
    workspaceCapping: {
      dailyQuotaGb: 1
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: unique
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: logs.id
    DisableLocalAuth: true
  }
}

// ---- the function app ----

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: unique
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: unique
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    siteConfig: {
      // The host answers preflights itself; they never reach the handler.
      cors: {
        allowedOrigins: union([page], kept.origins, origins)
        supportCredentials: false
      }
    }
    functionAppConfig: {
      runtime: {
        name: 'custom'
        version: '1.0'
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packages}'
          authentication: {
            type: 'SystemAssignedIdentity'
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        // The least that the platform takes, and a bound on the bill.
        maximumInstanceCount: 40
        triggers: {
          http: {
            // A request spends its time waiting for the service, so one instance can hold many.
            perInstanceConcurrency: 100
          }
        }
      }
    }
  }
  dependsOn: [packageContainer]
}

resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: union(toObject(kept.settings, one => one.name, one => one.value), extraSettings, {
    AzureWebJobsStorage__accountName: storage.name
    AzureWebJobsStorage__credential: 'managedidentity'
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD'
    CODESTREAM_HUB: hub
    CODESTREAM_UNITS: string(units)
    CODESTREAM_SECRET: secret
  }, identity ? {
    WebPubSubForSocketIOConnectionString__endpoint: 'https://${webPubSub.properties.hostName}'
    WebPubSubForSocketIOConnectionString__credential: 'managedidentity'
  } : {
    WebPubSubForSocketIOConnectionString: webPubSub.listKeys().primaryConnectionString
  })
}

// ---- who may do what ----

resource appReadsPackages 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, app.id, roles.storageBlobDataOwner)
  scope: storage
  properties: {
    roleDefinitionId: roles.storageBlobDataOwner
    principalId: app.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

// The host writes what went wrong at its start into a table.
resource appWritesDiagnostics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, app.id, roles.storageTableDataContributor)
  scope: storage
  properties: {
    roleDefinitionId: roles.storageTableDataContributor
    principalId: app.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource appWritesLogs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, app.id, roles.monitoringMetricsPublisher)
  scope: insights
  properties: {
    roleDefinitionId: roles.monitoringMetricsPublisher
    principalId: app.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource appSpeaksToService 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (identity) {
  name: guid(webPubSub.id, app.id, roles.webPubSubServiceOwner)
  scope: webPubSub
  properties: {
    roleDefinitionId: roles.webPubSubServiceOwner
    principalId: app.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

// Whoever deploys uploads the page, with no key of the storage account. No principalType: it may be
// a person or a robot.
resource deployerUploadsPage 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, deployer().objectId, roles.storageBlobDataContributor)
  scope: storage
  properties: {
    roleDefinitionId: roles.storageBlobDataContributor
    principalId: deployer().objectId
  }
}

// ---- what deploy.sh goes on with ----

output functionApp string = app.name
output api string = 'https://${app.properties.defaultHostName}'
output webPubSub string = webPubSub.name
output service string = 'https://${webPubSub.properties.hostName}'
output storage string = storage.name
output page string = page
output hub string = hub
