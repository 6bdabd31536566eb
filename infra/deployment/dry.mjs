// What a dry run takes for the answers of Azure: names that say what would stand there.
import { idOf } from './arm.mjs';

const PROPERTIES = {
  service: { hostName: '<service>.webpubsub.azure.com' },
  app: {
    defaultHostName: '<app>.azurewebsites.net',
    hostNameSslStates: [{ name: '<app>.scm.azurewebsites.net', hostType: 'Repository' }],
  },
  storage: { primaryEndpoints: { web: 'https://<page>/' } },
  host: { primaryEndpoints: { blob: 'https://<host>/' } },
};

export const DRY = {
  account: { id: '<subscription>', name: '<subscription>' },
  group: { location: '<location>' },
  /** A part of the deployment, as if it were there. */
  part: (scope, part) => ({
    id: idOf(scope, part, `<${part}>`),
    name: `<${part}>`,
    sku: { name: '<sku>', capacity: 1 },
    identity: { principalId: '<principal of the app>' },
    properties: PROPERTIES[part] ?? {},
  }),
};
