// Everything Codestream needs in Azure, but for the rights of the function app (deploy.mjs gives those
// that it lacks) and the hub's event handler, which can be registered only once the function is there
// (hub.bicep).
//
// What is there is not touched: `make` names what is made, and by default that is all of it.
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

@description('Name of all that is made; the names of the storage accounts follow from it.')
param unique string = '${name}-${uniqueString(resourceGroup().id, name)}'

@description('What is not there yet, and is made.')
param make string[] = ['service', 'storage', 'host', 'logs', 'insights', 'plan', 'app']

@description('False: the app had settings before, and keeps them.')
param isNew bool = contains(make, 'app')

@description('Key of the Application Insights that there was before, if one is made anew.')
param insightsBefore string = ''

@description('Name of the Web PubSub service, if it was there before, and its resource group.')
param webPubSub string = unique
param serviceGroup string = resourceGroup().name

@description('Where; see az functionapp list-flexconsumption-locations.')
param location string = resourceGroup().location

@description('Tier of the Web PubSub service.')
@allowed(['Free_F1', 'Standard_S1', 'Premium_P1', 'Premium_P2'])
param sku string = 'Free_F1'

@description('Units of the Web PubSub service; how many there may be depends on the tier.')
@minValue(1)
@maxValue(1000)
param units int = 1

@description('Megabytes of an instance; a quarter of them brings a quarter of a core.')
@allowed([512, 2048, 4096])
param memory int = 2048

@description('True: managed identity, no access key. False: the access key in an app setting.')
param identity bool = false

@description('Hub of the Web PubSub service.')
@minLength(1)
@maxLength(128)
param hub string = 'codestream'

@description('Further origins that may call negotiate, such as a domain of your own.')
param origins string[] = []

@description('False: whoever deploys has the right to upload the page already.')
param uploads bool = true

@description('Further app settings, such as CODESTREAM_TOKEN_MINUTES; those below prevail.')
@secure()
param extraSettings object = {}

@description('Origins, and app settings (name and value), that the app has already and keeps.')
@secure()
param kept { settings: { name: string, value: string }[]?, origins: string[]? } = {}

@description('Signs the keys of writers; they are valid as long as it stays the same.')
@secure()
@minLength(32)
param secret string

var tags = { application: 'codestream' }

// What no decorator can say of parameters; deploy.mjs refuses the same (options.mjs).
var few = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
var unitsOf = {
  Free_F1: [1]
  Standard_S1: few
  Premium_P1: few
  Premium_P2: [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]
}
var letters = 'abcdefghijklmnopqrstuvwxyz'
var inName = '${letters}0123456789'
var inHub = '${inName}_'
var badInName = filter(range(0, length(name)), at => !contains(inName, substring(name, at, 1)))
var badInHub = filter(range(0, length(hub)), at => !contains(inHub, toLower(substring(hub, at, 1))))
var problems = filter([
  contains(unitsOf[sku], units) ? '' : '${sku} cannot have ${units} units'
  empty(badInName) && contains(letters, take(name, 1)) ? '' : 'name: small letters and digits, a letter first'
  empty(badInHub) && contains(letters, toLower(take(hub, 1))) ? '' : 'hub: letters, digits and _, a letter first'
  contains(join(objectKeys(extraSettings), ' '), ':') ? 'a setting has a : in its name, write __' : ''
], problem => !empty(problem))

// The container has its name in every deployment, so that none with a problem makes anything.
var packages = empty(problems) ? 'packages' : fail(join(problems, '; '))
// Names of accounts have no hyphen. That of the host has a 0 instead, which no name that Azure makes
// has in that place, and one character less, so that it is not too long.
var account = replace(unique, '-', '')
var hostAccount = replace(take(unique, length(unique) - 1), '-', '0')

// ---- the service that holds every connection ----

resource service 'Microsoft.SignalRService/webPubSub@2024-03-01' = if (contains(make, 'service')) {
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
  }
}

// ---- storage of the page: the app has no right to it ----

resource storage 'Microsoft.Storage/storageAccounts@2025-08-01' = if (contains(make, 'storage')) {
  name: account
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    // The website is public all the same: it has an endpoint of its own.
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' = if (contains(make, 'storage')) {
  parent: storage
  name: 'default'
  properties: {
    // What is overwritten or deleted is gone: copies would be paid for.
    containerDeleteRetentionPolicy: {
      enabled: false
    }
    deleteRetentionPolicy: {
      enabled: false
    }
    isVersioningEnabled: false
    staticWebsite: {
      enabled: true
      indexDocument: 'index.html'
    }
  }
}

// What the website shows. Whether Azure makes it by itself, if the website is switched on in this way,
// is not known.
resource website 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' = if (contains(make, 'storage')) {
  parent: blobs
  name: '$web'
}

// ---- storage of the host: packages and keys, which the app's identity owns ----

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-08-01' = if (contains(make, 'host')) {
  name: hostAccount
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' = if (contains(make, 'host')) {
  parent: hostStorage
  name: 'default'
  properties: {
    // What is overwritten or deleted is gone: copies would be paid for.
    containerDeleteRetentionPolicy: {
      enabled: false
    }
    deleteRetentionPolicy: {
      enabled: false
    }
    isVersioningEnabled: false
  }
}

// A container that is there stays as it is.
resource packageContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' = {
  parent: hostBlobs
  name: packages
}

// ---- logs ----

resource logs 'Microsoft.OperationalInsights/workspaces@2025-07-01' = if (contains(make, 'logs')) {
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

resource insights 'Microsoft.Insights/components@2020-02-02' = if (contains(make, 'insights')) {
  name: unique
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: resourceId('Microsoft.OperationalInsights/workspaces', unique)
    DisableLocalAuth: true
  }
  dependsOn: [logs]
}

// ---- the function app ----

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = if (contains(make, 'plan')) {
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

resource app 'Microsoft.Web/sites@2025-03-01' = if (contains(make, 'app')) {
  name: unique
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    serverFarmId: resourceId('Microsoft.Web/serverfarms', unique)
    httpsOnly: true
    siteConfig: {
      // The host answers preflights itself; they never reach the handler. deploy.mjs adds the page,
      // whose address is known when its account is there.
      cors: {
        allowedOrigins: union(kept.?origins ?? [], origins)
        supportCredentials: false
      }
      minTlsVersion: '1.2'
    }
    functionAppConfig: {
      runtime: {
        name: 'custom'
        version: '1.0'
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: 'https://${hostAccount}.blob.${environment().suffixes.storage}/${packages}'
          authentication: {
            type: 'SystemAssignedIdentity'
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: memory
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
  dependsOn: [plan, packageContainer]
}

// Nobody publishes with a user name and a password.
resource scmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = if (contains(make, 'app')) {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

resource ftpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = if (contains(make, 'app')) {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

// What needs to know how the resources came out.
module wiring 'wiring.bicep' = {
  name: 'codestream-wiring'
  params: {
    unique: unique
    account: account
    hostAccount: hostAccount
    webPubSub: webPubSub
    serviceGroup: serviceGroup
    units: units
    identity: identity
    hub: hub
    isNew: isNew
    extraSettings: extraSettings
    kept: kept
    secret: secret
  }
  dependsOn: [service, storage, hostStorage, insights, app]
}

module uploader 'uploader.bicep' = if (uploads) {
  name: 'codestream-uploader'
  params: {
    account: account
    principal: deployer().objectId
  }
  dependsOn: [storage]
}

// ---- what deploy.mjs goes on with ----

output functionApp string = unique
output api string = wiring.outputs.api
output webPubSub string = webPubSub
output service string = wiring.outputs.serviceAddress
output storage string = account
output host string = hostAccount
output page string = wiring.outputs.page
output hub string = hub
output insights string = wiring.outputs.insightsKey
output insightsGone string = insightsBefore
