// Somebody's service, which a deployment is to use and otherwise to leave alone.
import { SUBSCRIPTION } from './cloud.js';

export const THEIRS =
  `/subscriptions/${SUBSCRIPTION}/resourceGroups/theirs/providers/`
  + 'Microsoft.SignalRService/webPubSub/their-service';
export const WITH = ['--service', 'their-service', '--service-group', 'theirs'];
export const OTHER = THEIRS.replace('their-service', 'other-service');
export const WITH_OTHER = ['--service', 'other-service', '--service-group', 'theirs'];

/** Somebody's service, with three hubs and what else may be at one. */
export function giveService(world, changes = {}, service = THEIRS) {
  world.state.groups.theirs = { location: 'northeurope', tags: { of: 'somebody' } };
  world.cloud.put(service, {
    location: 'northeurope',
    kind: 'SocketIO',
    tags: { of: 'somebody' },
    keys: ['their-first-key', 'their-second-key'],
    sku: { name: 'Standard_S1', capacity: 2 },
    properties: {
      provisioningState: 'Succeeded',
      hostName: `${service.split('/').at(-1)}.webpubsub.example`,
      disableLocalAuth: false,
      socketIO: { serviceMode: 'Serverless' },
    },
    ...changes,
  });
  for (const hub of ['one', 'two', 'three']) {
    world.cloud.put(`${service}/hubs/${hub}`, {
      properties: { eventHandlers: [{ urlTemplate: `https://${hub}.example/?code=x` }] },
    });
  }
  const role = `${service}/providers/Microsoft.Authorization/roleAssignments/of-somebody`;
  world.cloud.put(role, { properties: { principalId: 'somebody', roleDefinitionId: '/x/owner' } });
}
