// An Azure of the size of one object, for the tests of infra/*.mjs: what Resource Manager, storage
// and Kudu do with the requests that reach them, no more. `state` is plain JSON, so that a test can
// compare what was there before with what is there after. Time is the clock's: see world.js.
import { readFileSync } from 'node:fs';

export const SUBSCRIPTION = '11111111-2222-3333-4444-555555555555';
export const SUFFIX = 'abcdefghijklm';
const DEPLOYMENT_MS = 20_000;
const SERVICE_MS = 20_000;
const GROUP_MS = 60_000;
/** Parameters of a deployment that are no secret, and that are read again. */
const SHOWN = ['make', 'insightsBefore', 'functionApp', 'webPubSub', 'serviceGroup', 'hub'];
const CONNECTION = 'WebPubSubForSocketIOConnectionString';
export const REGIONS = ['West Europe', 'North Europe', 'East US 2'];

/** An error that Resource Manager answers: its HTTP status, code and message. */
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

const missing = (what) =>
  new Refusal(404, 'ResourceNotFound', `The Resource '${what}' was not found.`);
const kindOf = (id) => {
  const [space, ...rest] = id.split('/providers/').at(-1).split('/');
  return [space, ...rest.filter((_, index) => index % 2 === 0)].join('/').toLowerCase();
};

export class Cloud {
  constructor(clock) {
    this.clock = clock;
    this.state = {
      groups: {},
      resources: {},
      deployments: {},
      packages: {},
      blobs: {},
      websites: {},
      usages: [],
      insights: 0,
      isStale: false,
    };
    /** What templates were given, and files that az read. */
    this.given = {};
  }

  get(id) {
    this.#settle();
    const found = this.state.resources[id.toLowerCase()];
    if (!found) throw missing(id.split('/providers/').at(-1));
    return found;
  }

  has(id) {
    return Boolean(this.state.resources[id.toLowerCase()]);
  }

  put(id, body) {
    this.state.resources[id.toLowerCase()] = {
      ...body,
      id,
      name: id.split('/').at(-1),
      type: kindOf(id),
    };
    return this.state.resources[id.toLowerCase()];
  }

  remove(id) {
    for (const key of Object.keys(this.state.resources)) {
      if (`${key}/`.startsWith(`${id.toLowerCase()}/`)) delete this.state.resources[key];
    }
  }

  group(name) {
    this.#settle();
    const found = this.state.groups[name];
    if (!found)
      throw new Refusal(
        404,
        'ResourceGroupNotFound',
        `Resource group '${name}' could not be found.`,
      );
    return found;
  }

  /** What lists show: top-level resources, unless the list is behind. */
  list(group) {
    this.group(group);
    if (this.state.isStale) return [];
    return Object.values(this.state.resources).filter(
      ({ id, location }) =>
        location && id.toLowerCase().includes(`/resourcegroups/${group.toLowerCase()}/`),
    );
  }

  // ---- requests to Resource Manager ----

  rest(method, url, body) {
    const { pathname } = new URL(url, 'https://arm');
    const path = decodeURIComponent(pathname);
    if (path.endsWith('/config/appsettings/list'))
      return this.#settings(path.replace(/\/list$/, ''));
    if (path.endsWith('/listKeys')) return this.#keys(path.replace(/\/listKeys$/, ''));
    if (path.endsWith('/usages')) return { value: this.state.usages };
    if (method === 'get') return this.#read(path);
    if (method === 'delete') {
      this.remove(path);
      return undefined;
    }
    if (method === 'put') return this.put(path, body);
    return this.#patch(path, body);
  }

  /** The second page of a list; the first one holds nothing when `isPaged`. */
  nextPage(url) {
    return this.#list(decodeURIComponent(new URL(url).pathname));
  }

  #read(path) {
    const rest = path.split('/providers/').at(-1);
    if (rest.split('/').length % 2 === 1) return this.get(path);
    if (!this.isPaged) return this.#list(path);
    return { value: [], nextLink: `https://management.example${path}?api-version=2024-03-01&$skiptoken=2` };
  }

  #list(path) {
    const rest = path.split('/providers/').at(-1);
    const start = `${path.slice(0, path.lastIndexOf('/providers/'))}/`.toLowerCase();
    const isBelow = rest.split('/').length > 2;
    const within = isBelow ? `${path.slice(0, path.lastIndexOf('/'))}/`.toLowerCase() : start;
    return {
      value: Object.values(this.state.resources).filter(
        ({ id }) => id.toLowerCase().startsWith(within) && kindOf(id) === kindOf(`${path}/x`),
      ),
    };
  }

  #settings(path) {
    this.get(path.slice(0, path.lastIndexOf('/config/')));
    return { properties: this.state.resources[path.toLowerCase()]?.properties ?? {} };
  }

  #keys(path) {
    const { keys } = this.state.resources[path.toLowerCase()] ?? {};
    if (!keys) throw missing(path);
    const host = this.get(path).properties.hostName;
    return {
      primaryKey: keys[0],
      secondaryKey: keys[1],
      primaryConnectionString: `Endpoint=https://${host};AccessKey=${keys[0]};Version=1.0;`,
    };
  }

  #patch(path, body) {
    const old = this.get(path);
    const isService = kindOf(path) === 'microsoft.signalrservice/webpubsub';
    if (isService && old.properties.provisioningState !== 'Succeeded') {
      throw new Refusal(409, 'AnotherOperationInProgress', 'The service is being changed.');
    }
    const made = this.put(path, merge(old, body));
    if (isService) {
      made.properties.provisioningState = 'Updating';
      made.until = this.clock.now() + SERVICE_MS;
    }
    return made;
  }

  // ---- what takes time ----

  #settle() {
    for (const resource of Object.values(this.state.resources)) {
      if (resource.until <= this.clock.now()) {
        resource.properties.provisioningState = 'Succeeded';
        delete resource.until;
      }
    }
    for (const [name, group] of Object.entries(this.state.groups)) {
      if (group.until <= this.clock.now()) this.#forgetGroup(name);
    }
    for (const deployment of Object.values(this.state.deployments)) {
      if (deployment.provisioningState === 'Running' && deployment.until <= this.clock.now()) {
        this.#finish(deployment);
      }
    }
  }

  #forgetGroup(name) {
    delete this.state.groups[name];
    const start = `/subscriptions/${SUBSCRIPTION}/resourcegroups/${name}/`.toLowerCase();
    for (const key of Object.keys(this.state.resources)) {
      if (key.startsWith(start)) delete this.state.resources[key];
    }
    for (const key of Object.keys(this.state.deployments)) {
      if (key.startsWith(`${name}/`)) delete this.state.deployments[key];
    }
  }

  deleteGroup(name) {
    const group = this.group(name);
    group.properties = { provisioningState: 'Deleting' };
    group.until = this.clock.now() + GROUP_MS;
  }

  startDeployment(group, name, template, values) {
    this.group(group);
    const old = this.state.deployments[`${group}/${name}`];
    if (old && this.deployment(group, name).provisioningState === 'Running') {
      throw new Refusal(
        409,
        'DeploymentActive',
        `Unable to edit or replace deployment '${name}': it is still active.`,
      );
    }
    this.given[name] = values;
    this.state.deployments[`${group}/${name}`] = {
      group,
      name,
      values,
      parameters: Object.fromEntries(
        SHOWN.map((one) => [one, { value: values[one] }]).filter(([, { value }]) => value !== undefined),
      ),
      provisioningState: 'Running',
      timestamp: `at ${this.clock.now()}`,
      until: this.clock.now() + DEPLOYMENT_MS,
      ...this.nextDeployment,
    };
    this.nextDeployment = undefined;
  }

  deployment(group, name) {
    this.#settle();
    const found = this.state.deployments[`${group}/${name}`];
    if (!found)
      throw new Refusal(404, 'DeploymentNotFound', `Deployment '${name}' could not be found.`);
    return {
      provisioningState: found.provisioningState,
      timestamp: found.timestamp,
      parameters: found.parameters,
      ...(found.outputs && { outputs: found.outputs }),
      ...(found.error && { error: found.error }),
    };
  }

  #finish(deployment) {
    deployment.timestamp = `done at ${deployment.until}`;
    const { group, values, fails } = deployment;
    if (fails?.makes) for (const part of fails.makes) this.#make(group, part, values);
    if (fails) Object.assign(deployment, { provisioningState: 'Failed', error: fails.error });
    else {
      deployment.provisioningState = 'Succeeded';
      if ('functionApp' in values) deployment.outputs = this.#makeHub(group, values);
      else {
        for (const part of values.make) this.#make(group, part, values);
        deployment.outputs = this.#wire(group, values);
      }
    }
    delete deployment.values;
  }

  // ---- what main.bicep, wiring.bicep, uploader.bicep and hub.bicep make ----

  ids(group, prefix) {
    const name = `${prefix}-${SUFFIX}`;
    const scope = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers`;
    return {
      name,
      account: name.replace('-', ''),
      service: `${scope}/Microsoft.SignalRService/webPubSub/${name}`,
      storage: `${scope}/Microsoft.Storage/storageAccounts/${name.replace('-', '')}`,
      host: `${scope}/Microsoft.Storage/storageAccounts/${name.slice(0, -1).replace('-', '0')}`,
      logs: `${scope}/Microsoft.OperationalInsights/workspaces/${name}`,
      insights: `${scope}/Microsoft.Insights/components/${name}`,
      plan: `${scope}/Microsoft.Web/serverfarms/${name}`,
      app: `${scope}/Microsoft.Web/sites/${name}`,
    };
  }

  #make(group, part, values) {
    const ids = this.ids(group, values.name);
    const common = { location: values.location, tags: { application: 'codestream' } };
    const made = { provisioningState: 'Succeeded' };
    if (part === 'service') {
      this.put(ids.service, {
        ...common,
        kind: 'SocketIO',
        keys: ['first-key-of-the-service', 'second-key-of-the-service'],
        sku: { name: values.sku, capacity: values.units },
        properties: {
          ...made,
          hostName: `${ids.name}.webpubsub.example`,
          disableLocalAuth: values.identity,
        },
      });
    } else if (part === 'app') {
      this.put(ids.app, {
        ...common,
        identity: { principalId: `principal ${ids.name}` },
        properties: {
          ...made,
          defaultHostName: `${ids.name}.example`,
          functionAppConfig: {
            runtime: { name: 'custom' },
            deployment: {
              storage: {
                type: 'blobcontainer',
                value: `https://${ids.host.split('/').at(-1)}.blob.example/packages`,
              },
            },
            scaleAndConcurrency: {
              instanceMemoryMB: values.memory ?? 2048,
              maximumInstanceCount: 40,
            },
          },
          hostNameSslStates: [{ name: `${ids.name}.scm.example`, hostType: 'Repository' }],
        },
      });
      for (const way of ['scm', 'ftp']) {
        this.put(`${ids.app}/basicPublishingCredentialsPolicies/${way}`, {
          properties: { allow: false },
        });
      }
      this.put(`${ids.app}/config/web`, {
        properties: {
          cors: {
            allowedOrigins: [...values.kept.origins, ...values.origins],
            supportCredentials: false,
          },
        },
      });
    } else if (part === 'storage' || part === 'host') {
      const { name } = this.put(ids[part], common);
      const primaryEndpoints = Object.fromEntries(
        ['web', 'blob'].map((kind) => [kind, `https://${name}.${kind}.example/`]),
      );
      this.put(ids[part], { ...common, properties: { ...made, primaryEndpoints } });
      this.put(`${ids[part]}/blobServices/default`, {
        properties: { isVersioningEnabled: false, deleteRetentionPolicy: { enabled: false } },
      });
      if (part === 'storage') this.state.websites[name] = { enabled: true, indexDocument: 'index.html' };
    } else if (part === 'insights') {
      this.put(ids.insights, {
        ...common,
        properties: {
          ...made,
          ConnectionString: `InstrumentationKey=of-our-insights-${(this.state.insights += 1)}`,
        },
      });
    } else this.put(ids[part], { ...common, properties: made });
  }

  #wire(group, values) {
    const ids = this.ids(group, values.name);
    const service = this.get(this.#serviceId(group, { webPubSub: ids.name, ...values }));
    const endpoint = `https://${service.properties.hostName}`;
    const kept = Object.fromEntries(values.kept.settings.map(({ name, value }) => [name, value]));
    const { isNew } = values;
    const properties = isNew && {
        ...kept,
        ...values.extraSettings,
        AzureWebJobsStorage__accountName: ids.host.split('/').at(-1),
        AzureWebJobsStorage__credential: 'managedidentity',
        APPLICATIONINSIGHTS_CONNECTION_STRING: this.get(ids.insights).properties.ConnectionString,
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD',
        CODESTREAM_HUB: values.hub,
        CODESTREAM_SECRET: values.secret,
        CODESTREAM_UNITS: String(values.units),
        ...(values.identity
          ? {
              [`${CONNECTION}__endpoint`]: endpoint,
              [`${CONNECTION}__credential`]: 'managedidentity',
            }
          : { [CONNECTION]: this.#keys(service.id).primaryConnectionString }),
    };
    if (isNew) this.put(`${ids.app}/config/appsettings`, { properties });
    if (values.uploads !== false) this.giveUpload(ids.storage);
    const outputs = {
      functionApp: ids.name,
      api: `https://${this.get(ids.app).properties.defaultHostName}`,
      webPubSub: service.name,
      service: endpoint,
      storage: ids.account,
      host: ids.host.split('/').at(-1),
      page: `https://${ids.account}.web.example`,
      hub: values.hub,
      insights: /=(.*)/.exec(this.get(ids.insights).properties.ConnectionString)[1],
    };
    return Object.fromEntries(
      Object.entries(outputs).map(([key, value]) => [key, { type: 'String', value }]),
    );
  }

  #serviceId(group, { webPubSub, serviceGroup = group }) {
    return (
      `/subscriptions/${SUBSCRIPTION}/resourceGroups/${serviceGroup}/providers/`
      + `Microsoft.SignalRService/webPubSub/${webPubSub}`
    );
  }

  giveUpload(storage) {
    this.put(`${storage}/providers/Microsoft.Authorization/roleAssignments/deployer`, {
      properties: {
        principalId: 'deployer',
        roleDefinitionId: '/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe',
        description: 'codestream: uploads the page',
      },
    });
  }

  #makeHub(group, values) {
    const scope = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers`;
    const app = this.get(`${scope}/Microsoft.Web/sites/${values.functionApp}`);
    const { eventHandlers, firstHandlers = [], ours: ofOurs = {}, ...kept } = values.kept;
    const ours = {
      ...ofOurs,
      urlTemplate: `https://${app.properties.defaultHostName}/eventhandler?code=${this.functionKey(app)}`,
      userEventPattern: '*',
      systemEvents: ['connect', 'connected', 'disconnected'],
    };
    this.put(`${this.#serviceId(group, values)}/hubs/${values.hub}`, {
      properties: { ...kept, eventHandlers: [...firstHandlers, ours, ...eventHandlers] },
    });
    if (values.uploads !== false) {
      this.giveUpload(`${scope}/Microsoft.Storage/storageAccounts/${values.storage}`);
    }
    return { deployer: { type: 'String', value: 'deployer' } };
  }

  /** The host makes its keys in its account, and has other ones in another. */
  functionKey({ id }) {
    const { properties } = this.get(`${id}/config/appsettings`);
    return `function-key-in-${properties.AzureWebJobsStorage__accountName}`;
  }

  // ---- Kudu, the function, and storage ----

  publish(app, file) {
    this.get(app);
    this.state.packages[app] = {
      id: `package at ${this.clock.now()}`,
      status: 4,
      content: readFileSync(file, 'utf8'),
    };
  }

  page(account) {
    const site = Object.values(this.state.resources).find(({ name }) => name === account);
    if (!site) throw new Refusal(404, 'ResourceNotFound', `no account ${account}`);
    this.state.blobs[account] ??= {};
    return this.state.blobs[account];
  }
}

function merge(old, change) {
  if (
    Array.isArray(change)
    || typeof change !== 'object'
    || change === null
    || typeof old !== 'object'
  )
    return change;
  const merged = { ...old };
  for (const [name, value] of Object.entries(change))
    merged[name] = merge(old?.[name] ?? {}, value);
  return merged;
}
