// The hub and its event handler: where the service sends what clients do. Deployed after the package,
// because the key is the function's. Azure takes any URL here without asking it: only an event that
// arrives proves that it is right.
//
// The function key goes from the function app into the URL inside Azure: it is in no parameter, no
// output, no shell.

@description('Name of the Web PubSub service.')
param webPubSub string

@description('Name of the function app.')
param functionApp string

@description('Name of the hub; the handler knows it as CODESTREAM_HUB.')
param hub string

@description('Name of the storage account with the page.')
param storage string

@description('False: whoever deploys has the right to upload the page already.')
param uploads bool = true

@description('Of the hub that is there: other eventHandlers, and all that is set of it besides.')
@secure()
param kept object

resource service 'Microsoft.SignalRService/webPubSub@2024-03-01' existing = {
  name: webPubSub
}

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: functionApp
}

var handler = resourceId('Microsoft.Web/sites/functions', functionApp, 'eventhandler')
var key = listKeys(handler, '2024-04-01').default

// A PUT replaces the hub as a whole, and no other request changes it.
resource events 'Microsoft.SignalRService/webPubSub/hubs@2024-03-01' = {
  parent: service
  name: hub
  properties: {
    anonymousConnectPolicy: kept.anonymousConnectPolicy
    webSocketKeepAliveIntervalInSeconds: kept.webSocketKeepAliveIntervalInSeconds
    eventListeners: kept.eventListeners
    eventHandlers: concat([
      {
        urlTemplate: 'https://${app.properties.defaultHostName}/eventhandler?code=${key}'
        userEventPattern: '*'
        systemEvents: ['connect', 'connected', 'disconnected']
      }
    ], kept.eventHandlers)
  }
}

module uploader 'uploader.bicep' = if (uploads) {
  name: 'codestream-uploader'
  params: {
    account: storage
    principal: deployer().objectId
  }
}
