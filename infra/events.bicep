// The hub of a service, with our event handler among those that are kept, at its place.

@description('Name of the Web PubSub service.')
param webPubSub string

@description('Name of the hub.')
param hub string

@description('Where events go; it holds the function key.')
@secure()
param url string

@description('Of the hub that is there: other handlers before and behind ours, and all else that is set of it.')
@secure()
param kept object

resource service 'Microsoft.SignalRService/webPubSub@2024-03-01' existing = {
  name: webPubSub
}

// A PUT replaces the hub as a whole, and no other request changes it.
resource events 'Microsoft.SignalRService/webPubSub/hubs@2024-03-01' = {
  parent: service
  name: hub
  properties: {
    anonymousConnectPolicy: kept.anonymousConnectPolicy
    webSocketKeepAliveIntervalInSeconds: kept.webSocketKeepAliveIntervalInSeconds
    eventListeners: kept.eventListeners
    eventHandlers: concat(kept.firstHandlers, [
      union(kept.ours, {
        urlTemplate: url
        userEventPattern: '*'
        systemEvents: ['connect', 'connected', 'disconnected']
      })
    ], kept.eventHandlers)
  }
}
