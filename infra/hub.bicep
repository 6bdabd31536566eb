// The hub and its event handler: where the service sends what clients do. Deployed after the
// function answers, because the service asks the URL (OPTIONS) whether it wants events before it
// takes it.
//
// The function key goes from the function app into the URL inside Azure: it is in no parameter, no
// output, no shell.

@description('Name of the Web PubSub service.')
param webPubSub string

@description('Name of the function app.')
param functionApp string

@description('Name of the hub; the handler knows it as CODESTREAM_HUB.')
param hub string

resource service 'Microsoft.SignalRService/webPubSub@2024-03-01' existing = {
  name: webPubSub
}

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: functionApp
}

var handler = resourceId('Microsoft.Web/sites/functions', functionApp, 'eventhandler')
var key = listKeys(handler, '2024-04-01').default

resource events 'Microsoft.SignalRService/webPubSub/hubs@2024-03-01' = {
  parent: service
  name: hub
  properties: {
    anonymousConnectPolicy: 'deny'
    eventHandlers: [
      {
        urlTemplate: 'https://${app.properties.defaultHostName}/eventhandler?code=${key}'
        userEventPattern: '*'
        systemEvents: ['connect', 'connected', 'disconnected']
      }
    ]
  }
}
