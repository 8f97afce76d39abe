// What stands in the resource group before there is an app. No key opens any of it: local authentication is off
// everywhere, and one identity holds exactly the three roles at the end of this file.

@description('Region of everything.')
param location string

@description('Tags of everything.')
param tags object

@description('Makes names unique in the world: lower case letters and digits.')
param token string

@description('Size of Web PubSub.')
param webPubSubSku string

@description('Tables to make. Chatr may make more: its role holds for the whole account.')
param tables array = [
  'chats'
  'users'
  'messages'
  'reminders'
  'presence'
]

// Web PubSub: everything a program does with hubs and connections. No narrower built-in role may send.
var webPubSubServiceOwner = '12cf5a90-567b-43ae-8102-96cf46c7d9b4'
// Tables: read, write and delete tables and rows.
var storageTableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
// Registry: fetch images.
var acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'

// --- Who Chatr is -----------------------------------------------------------------------------------------------

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-chatr-${token}'
  location: location
  tags: tags
}

// --- Logs -------------------------------------------------------------------------------------------------------

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-chatr-${token}'
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: 30
    features: {
      disableLocalAuth: true
    }
  }
}

// --- State: Azure Tables ----------------------------------------------------------------------------------------

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  // checkov:skip=CKV_AZURE_35: the app has no virtual network, so the account is open to the internet, to Entra ID only
  // checkov:skip=CKV_AZURE_43: a name that is made by a hash cannot be read here: 15 lower case letters and digits
  // checkov:skip=CKV_AZURE_206: kept three times in one data centre; Standard_ZRS or Standard_GRS keep it in more
  name: 'st${token}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' = {
  parent: storage
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' = [for name in tables: {
  parent: tableService
  name: name
}]

// --- Sockets: Azure Web PubSub ----------------------------------------------------------------------------------

// Its hub `chat` is in chatr.bicep: the events go to the app, so the app comes first.
resource webPubSub 'Microsoft.SignalRService/webPubSub@2024-03-01' = {
  // checkov:skip=CKV_AZURE_175: the free size is for trying it out; CHATR_WEB_PUBSUB_SKU=Standard_S1 has a promise of uptime
  name: 'wps-chatr-${token}'
  location: location
  tags: tags
  sku: {
    name: webPubSubSku
    capacity: 1
  }
  // It calls the app's webhook as the app itself; the app knows its own client id and needs no other setting.
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    disableLocalAuth: true
    disableAadAuth: false
    publicNetworkAccess: 'Enabled'
  }
}

resource webPubSubLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: webPubSub
  properties: {
    workspaceId: logs.id
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

// --- Where the app runs -----------------------------------------------------------------------------------------

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  // checkov:skip=CKV_AZURE_139: open to the internet, to Entra ID only
  // checkov:skip=CKV_AZURE_163: scanning is a plan of the subscription, not a setting of the registry
  // checkov:skip=CKV_AZURE_166: quarantine needs the Premium size
  name: 'cr${token}'
  location: location
  tags: tags
  sku: {
    name: 'Basic'
  }
  properties: {
    adminUserEnabled: false
  }
}

resource containerEnvironment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: 'cae-chatr-${token}'
  location: location
  tags: tags
  properties: {
    // Through the diagnostic setting below; the other way would need the workspace's key.
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
  }
}

resource containerLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: containerEnvironment
  properties: {
    workspaceId: logs.id
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

// --- What the identity may do: this and nothing else ------------------------------------------------------------

resource mayUseWebPubSub 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(webPubSub.id, identity.id, webPubSubServiceOwner)
  scope: webPubSub
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', webPubSubServiceOwner)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

resource mayUseTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, identity.id, storageTableDataContributor)
  scope: storage
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageTableDataContributor)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

resource mayFetchImages 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, identity.id, acrPull)
  scope: registry
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPull)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

output registryEndpoint string = registry.properties.loginServer
output containerEnvironmentName string = containerEnvironment.name
output identityName string = identity.name
output webPubSubName string = webPubSub.name
output storageAccountName string = storage.name
