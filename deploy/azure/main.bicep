// Everything Chatr stands on, in one resource group: who it is, where it keeps its state, who holds its sockets,
// where it runs and where its log goes. The app itself is chatr.bicep, which needs an image first.
//
// Written in the part of Bicep that the offline checkers read (deploy/tools/check-deploy.sh).
targetScope = 'subscription'

@description('Name of this environment; part of the resource group\'s name.')
@minLength(1)
@maxLength(60)
param environmentName string

@description('Region of everything.')
@minLength(1)
param location string

@description('Size of Web PubSub. Free_F1 holds 20 connections and 20,000 messages a day.')
@allowed([
  'Free_F1'
  'Standard_S1'
])
param webPubSubSku string = 'Free_F1'

var tags = {
  'azd-env-name': environmentName
}

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module resources 'resources.bicep' = {
  name: 'resources'
  scope: group
  params: {
    location: location
    tags: tags
    token: toLower(uniqueString(subscription().id, environmentName, location))
    webPubSubSku: webPubSubSku
  }
}

// azd keeps these and hands them to chatr.parameters.json. None of them is a secret.
output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = resources.outputs.registryEndpoint
output AZURE_CONTAINER_ENVIRONMENT_NAME string = resources.outputs.containerEnvironmentName
output CHATR_IDENTITY_NAME string = resources.outputs.identityName
output CHATR_WEB_PUBSUB_NAME string = resources.outputs.webPubSubName
output CHATR_STORAGE_ACCOUNT_NAME string = resources.outputs.storageAccountName
