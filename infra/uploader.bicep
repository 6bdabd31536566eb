// Whoever deploys uploads the page, with no key of the storage account. A module, because both
// templates give this right: main.bicep to whoever makes the account, hub.bicep to whoever deploys
// next.

@description('Name of the storage account with the page.')
param account string

@description('Object id of whoever deploys: a person or a robot.')
param principal string

// Storage Blob Data Contributor.
var role = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
)

resource storage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: account
}

// No principalType, since it may be either.
resource deployerUploadsPage 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, principal, role)
  scope: storage
  properties: {
    roleDefinitionId: role
    principalId: principal
    // By which deploy.mjs knows the right again that it may take away.
    description: 'codestream: uploads the page'
  }
}
