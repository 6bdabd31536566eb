// The settings of the function app, and the addresses of what there is. A module, so that all that it
// reads is there, whether this deployment has made it or found it.

@description('Name of function app and Application Insights.')
param unique string

@description('Name of the storage account of the page.')
param account string

@description('Name of the storage account of packages and host keys.')
param hostAccount string

@description('Name of the Web PubSub service.')
param webPubSub string

@description('The resource group of the service.')
param serviceGroup string

@description('Units of the Web PubSub service; the handler paces the page by them.')
param units int

@description('True: managed identity, no access key. False: the access key in an app setting.')
param identity bool

@description('Hub of the Web PubSub service.')
param hub string

@description('True: the settings are made as well. Those of an app that had some stay.')
param isNew bool

@description('Further app settings; those below prevail.')
@secure()
param extraSettings object

@description('App settings (name and value) that the app has already and keeps.')
@secure()
param kept { settings: { name: string, value: string }[]?, origins: string[]? }

@description('Signs the keys of writers.')
@secure()
param secret string

resource service 'Microsoft.SignalRService/webPubSub@2024-03-01' existing = {
  name: webPubSub
  scope: resourceGroup(serviceGroup)
}

resource storage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: account
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: unique
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: unique
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = if (isNew) {
  parent: app
  name: 'appsettings'
  properties: union(toObject(kept.?settings ?? [], one => one.name, one => one.value), extraSettings, {
    AzureWebJobsStorage__accountName: hostAccount
    AzureWebJobsStorage__credential: 'managedidentity'
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD'
    CODESTREAM_HUB: hub
    CODESTREAM_SECRET: secret
    CODESTREAM_UNITS: string(units)
  }, identity ? {
    WebPubSubForSocketIOConnectionString__endpoint: 'https://${service.properties.hostName}'
    WebPubSubForSocketIOConnectionString__credential: 'managedidentity'
  } : {
    WebPubSubForSocketIOConnectionString: service.listKeys().primaryConnectionString
  })
}

// The website's address ends with a slash; an origin does not.
var website = storage.properties.primaryEndpoints.web

output api string = 'https://${app.properties.defaultHostName}'
output serviceAddress string = 'https://${service.properties.hostName}'
output page string = take(website, length(website) - 1)
// No secret: it opens nothing, as only the app's identity may write. It tells one Insights from another.
output insightsKey string = insights.properties.InstrumentationKey
