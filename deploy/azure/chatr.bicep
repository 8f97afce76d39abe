// The app: one container, its settings, its probes, and the hub whose events it is sent. `azd deploy` builds the
// image, then applies this file with it: a change of image and of settings is one new revision.
//
// Every setting of the program is set here, set in deploy/Dockerfile, or left at its default for a reason that
// deploy/tools/templates.py states; `make test` compares the three with server/src/config.rs.

@description('Name of the azd environment.')
param environmentName string

@description('Region of the app.')
param location string

@description('The image to run.')
param imageName string

@description('Where the image comes from.')
param registryEndpoint string

@description('The Container Apps environment to run in.')
param containerEnvironmentName string

@description('The identity that the app, and Web PubSub towards the app, acts as.')
param identityName string

@description('The Web PubSub resource that holds the sockets.')
param webPubSubName string

@description('The storage account that holds the tables.')
param storageAccountName string

@description('Encrypts session cookies. All replicas share it; a new one signs everybody out.')
@secure()
@minLength(64)
param sessionKey string

@description('Whether a name alone lets somebody in.')
@allowed([
  'on'
  'off'
])
param guests string = 'on'

@description('Which log lines are written.')
param logFilter string = 'info'

@description('Whom the tokens are for that Web PubSub calls the webhook with. The default needs no registration of an application.')
param webhookAudience string = 'https://webpubsub.azure.com'

@description('Replicas when nobody is there. With none, the first visitor waits and webhooks fail.')
@minValue(1)
param minReplicas int = 1

@description('Replicas at most. All that they share is in the tables and at Web PubSub.')
@minValue(1)
param maxReplicas int = 4

var port = 3000
var hubName = 'chat'
var publicUrl = 'https://chatr.${containerEnvironment.properties.defaultDomain}'

resource containerEnvironment 'Microsoft.App/managedEnvironments@2024-03-01' existing = {
  name: containerEnvironmentName
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identityName
}

resource webPubSub 'Microsoft.SignalRService/webPubSub@2024-03-01' existing = {
  name: webPubSubName
}

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: 'chatr'
  location: location
  tags: {
    'azd-env-name': environmentName
    'azd-service-name': 'chatr'
  }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    environmentId: containerEnvironment.id
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        targetPort: port
        transport: 'http'
        allowInsecure: false
      }
      registries: [
        {
          server: registryEndpoint
          identity: identity.id
        }
      ]
      secrets: [
        {
          name: 'session-key'
          value: sessionKey
        }
      ]
    }
    template: {
      // Longer than the program takes to say goodbye.
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'chatr'
          image: imageName
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
          env: [
            {
              name: 'CHATR_PUBLIC_URL'
              value: publicUrl
            }
            {
              name: 'CHATR_SESSION_KEY'
              secretRef: 'session-key'
            }
            {
              name: 'CHATR_TRUST_PROXY'
              value: 'on'
            }
            {
              name: 'CHATR_GUESTS'
              value: guests
            }
            {
              name: 'CHATR_LOG'
              value: logFilter
            }
            {
              name: 'PUBSUB_ENDPOINT'
              value: 'https://${webPubSub.properties.hostName}'
            }
            {
              name: 'PUBSUB_HUB'
              value: hubName
            }
            {
              name: 'STORAGE_ACCOUNT_NAME'
              value: storageAccountName
            }
            {
              name: 'AZURE_CLIENT_ID'
              value: identity.properties.clientId
            }
            {
              name: 'PUBSUB_AUDIENCE'
              value: webhookAudience
            }
          ]
          probes: [
            {
              type: 'Startup'
              httpGet: {
                path: '/healthz'
                port: port
              }
              periodSeconds: 3
              failureThreshold: 10
            }
            {
              type: 'Liveness'
              httpGet: {
                path: '/healthz'
                port: port
              }
              periodSeconds: 10
              timeoutSeconds: 3
              failureThreshold: 3
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/readyz'
                port: port
              }
              periodSeconds: 5
              timeoutSeconds: 4
              failureThreshold: 3
            }
          ]
        }
      ]
      scale: {
        minReplicas: minReplicas
        maxReplicas: maxReplicas
      }
    }
  }
}

// Events go to the app by the name that it answers to, and only after it is there.
resource hub 'Microsoft.SignalRService/webPubSub/hubs@2024-03-01' = {
  parent: webPubSub
  name: hubName
  dependsOn: [
    app
  ]
  properties: {
    anonymousConnectPolicy: 'deny'
    eventHandlers: [
      {
        urlTemplate: '${publicUrl}/api/eventHandler'
        userEventPattern: '*'
        systemEvents: [
          'connect'
          'connected'
          'disconnected'
        ]
        auth: {
          type: 'ManagedIdentity'
          managedIdentity: {
            resource: webhookAudience
          }
        }
      }
    ]
  }
}

output CHATR_URL string = publicUrl
