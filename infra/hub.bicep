// The hub and its event handler: where the service sends what clients do. Deployed after the package,
// because the key is the function's. Azure takes any URL here without asking it: only an event that
// arrives proves that it is right.
//
// The function key goes from the function app into the URL inside Azure: it is in no parameter, no
// output, no shell.

@description('Name of the Web PubSub service.')
param webPubSub string

@description('The resource group of the service.')
param serviceGroup string = resourceGroup().name

@description('Name of the function app.')
param functionApp string

@description('Name of the hub; the handler knows it as CODESTREAM_HUB.')
@minLength(1)
@maxLength(128)
param hub string

@description('Name of the storage account with the page.')
param storage string

@description('False: whoever deploys has the right to upload the page already.')
param uploads bool = true

@description('Of the hub that is there: other handlers before and behind ours, and all else that is set of it.')
@secure()
param kept object

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionApp
}

var handler = resourceId('Microsoft.Web/sites/functions', functionApp, 'eventhandler')
var key = listKeys(handler, '2025-03-01').default

// The service may be in another group, if it was there before.
module events 'events.bicep' = {
  name: 'codestream-events'
  scope: resourceGroup(serviceGroup)
  params: {
    webPubSub: webPubSub
    hub: hub
    url: 'https://${app.properties.defaultHostName}/eventhandler?code=${key}'
    kept: kept
  }
}

module uploader 'uploader.bicep' = if (uploads) {
  name: 'codestream-uploader'
  params: {
    account: storage
    principal: deployer().objectId
  }
}

// Whose right to upload the page may be taken away again.
output deployer string = deployer().objectId
