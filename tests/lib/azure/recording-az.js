// az as the tests have it: remembers every command, checks its options as strictly as az does, and
// does to a Cloud what the real one does to Azure. What it prints when something is wrong is what
// az 2.91 printed (az-answers.json).
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Refusal, REGIONS, SUBSCRIPTION } from './cloud.js';

export const ANSWERS = JSON.parse(
  readFileSync(new URL('az-answers.json', import.meta.url), 'utf8'),
);
const FLAGS = [
  '--only-show-errors',
  '--no-progress',
  '--yes',
  '--no-wait',
  '--skip-authorization-header',
];
const COMMON = ['--output', '--query', '--only-show-errors', '--subscription'];
const REASONS = { 404: 'Not Found', 409: 'Conflict', 403: 'Forbidden', 503: 'Service Unavailable' };

// ---- what az can do: needed options, optional ones, and what the command does and answers ----

const COMMANDS = {
  version: [[], [], () => ({ 'azure-cli': '2.91.0' })],
  'account show': [
    [],
    [],
    (_, { subscription = 'Pay as you go' }) => ({ id: SUBSCRIPTION, name: subscription }),
  ],
  'account get-access-token': [[], ['--resource'], () => '2026-11-30 04:00:00.000000'],
  'group show': [
    ['--name'],
    [],
    (cloud, { name }) => ({ id: `/resourceGroups/${name}`, ...cloud.group(name) }),
  ],
  'group exists': [['--name'], [], (cloud, { name }) => name in cloud.state.groups],
  'group create': [
    ['--name', '--location'],
    ['--tags'],
    (cloud, { name, location, tags }) => {
      if (cloud.state.groups[name])
        throw new Refusal(409, 'InvalidResourceGroupLocation', 'it is there already');
      cloud.state.groups[name] = { location, tags: Object.fromEntries([tags.split('=')]) };
    },
  ],
  'group delete': [
    ['--name', '--yes', '--no-wait'],
    [],
    (cloud, { name }) => cloud.deleteGroup(name),
  ],
  'resource list': [
    ['--resource-group'],
    [],
    (cloud, options) => cloud.list(options['resource-group']),
  ],
  'functionapp list-flexconsumption-locations': [
    [],
    [],
    () => REGIONS.map((name) => ({ name: name.toLowerCase().replaceAll(' ', '') })),
  ],
  'functionapp deployment source config-zip': [
    ['--resource-group', '--name', '--src', '--timeout'],
    [],
    (cloud, options) => cloud.publish(siteId(options), options.src),
  ],
  'deployment group show': [
    ['--resource-group', '--name', '--query'],
    [],
    (cloud, options) => cloud.deployment(options['resource-group'], options.name),
  ],
  'deployment group create': [
    ['--resource-group', '--name', '--template-file', '--no-wait', '--parameters'],
    [],
    startDeployment,
  ],
  'role assignment create': [
    ['--assignee-object-id', '--assignee-principal-type', '--role', '--scope'],
    [],
    (cloud, { 'assignee-object-id': principal, role, scope }) => {
      cloud.put(`${scope}/providers/Microsoft.Authorization/roleAssignments/${principal}-${role}`, {
        properties: { principalId: principal, roleDefinitionId: `/roleDefinitions/${role}` },
      });
    },
  ],
  rest: [['--method', '--url'], ['--body', '--resource', '--skip-authorization-header'], rest],
  'storage blob service-properties show': [
    ['--account-name', '--auth-mode'],
    [],
    (cloud, options) => ({
      staticWebsite:
        cloud.page(account(options))
        && (cloud.state.websites[account(options)] ?? { enabled: false }),
    }),
  ],
  'storage blob service-properties update': [
    ['--account-name', '--auth-mode', '--static-website', '--index-document'],
    ['--404-document'],
    switchWebsiteOn,
  ],
  'storage account blob-service-properties update': [
    ['--account-name', '--resource-group', '--enable-static-website', '--index-document'],
    ['--404-document'],
    switchWebsiteOn,
  ],
  'storage blob upload-batch': [
    [
      '--account-name',
      '--auth-mode',
      '--destination',
      '--source',
      '--overwrite',
      '--content-type',
      '--content-cache-control',
      '--no-progress',
    ],
    ['--content-encoding'],
    uploadFolder,
  ],
  'storage blob list': [
    ['--account-name', '--auth-mode', '--container-name', '--num-results'],
    [],
    (cloud, options) => Object.keys(cloud.page(account(options))).map((name) => ({ name })),
  ],
  'storage blob download': [
    ['--account-name', '--auth-mode', '--container-name', '--name', '--file', '--no-progress'],
    [],
    (cloud, options) => {
      const blob = cloud.page(account(options))[options.name];
      if (!blob) return ANSWERS.blobGone;
      writeFileSync(options.file, Buffer.from(blob[3], 'base64'));
      return undefined;
    },
  ],
  'storage blob delete': [
    ['--account-name', '--auth-mode', '--container-name', '--name'],
    [],
    (cloud, options) => {
      if (!(options.name in cloud.page(account(options)))) return ANSWERS.blobGone;
      delete cloud.page(account(options))[options.name];
      return undefined;
    },
  ],
};

function switchWebsiteOn(cloud, options) {
  cloud.page(account(options));
  cloud.state.websites[account(options)] = {
    enabled: true,
    indexDocument: options['index-document'],
    ...(options['404-document'] && { errorDocument404Path: options['404-document'] }),
  };
}

const account = (options) => options['account-name'];
const siteId = (options) =>
  `/subscriptions/${SUBSCRIPTION}/resourceGroups/${options['resource-group']}`
  + `/providers/Microsoft.Web/sites/${options.name}`;

function startDeployment(cloud, options) {
  const values = {};
  for (const parameter of [options.parameters].flat()) {
    if (parameter.startsWith('@')) {
      const file = parameter.slice(1);
      cloud.given.mode = (statSync(file).mode & 0o777).toString(8);
      const { parameters } = JSON.parse(readFileSync(file, 'utf8'));
      for (const [name, { value }] of Object.entries(parameters)) values[name] = value;
    } else {
      const [, name, text] = /^(\w+)=(.*)$/s.exec(parameter);
      values[name] = /^(\[|\{|\d+$|true$|false$)/.test(text) ? JSON.parse(text) : text;
    }
  }
  if (!statSync(options['template-file']).isFile()) throw new Error('no such template');
  cloud.startDeployment(options['resource-group'], options.name, options['template-file'], values);
}

function rest(cloud, { method, url, body }) {
  if (url.startsWith('https://management.')) return cloud.nextPage(url);
  if (url.startsWith('https://')) return outside(cloud, new URL(url));
  const text = body?.startsWith('@') ? readFileSync(body.slice(1), 'utf8') : body;
  if (body?.startsWith('@')) cloud.given.mode = (statSync(body.slice(1)).mode & 0o777).toString(8);
  if (!/[?&]api-version=\d{4}-\d\d-\d\d/.test(url)) throw new Error(`no api-version: ${url}`);
  return cloud.rest(method, url, text && JSON.parse(text));
}

/** The page, Kudu and the function itself. */
function outside(cloud, { hostname, pathname }) {
  const [host, kind] = hostname.split('.');
  if (kind === 'web') {
    const { enabled, indexDocument } = cloud.state.websites[host] ?? {};
    if (enabled && indexDocument in cloud.page(host)) return undefined;
    throw new Refusal(404, 'WebContentNotFound', 'The requested content does not exist.');
  }
  const id = Object.keys(cloud.state.packages).find((one) =>
    hostname.startsWith(one.split('/').at(-1)),
  );
  const found = cloud.state.packages[id];
  if (!found) throw new Refusal(404, 'NotFound', 'Not Found');
  if (pathname === '/api/deployments/latest') return { id: found.id, status: found.status };
  return cloud.negotiate?.() ?? {};
}

function uploadFolder(cloud, options) {
  for (const name of filesIn(options.source)) {
    cloud.page(account(options))[name] = [
      options['content-type'],
      options['content-encoding'] ?? '',
      options['content-cache-control'],
      readFileSync(join(options.source, name)).toString('base64'),
    ];
  }
}

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? filesIn(join(folder, entry.name)).map((name) => `${entry.name}/${name}`)
      : [entry.name],
  );
}

// ---- one command ----

function parse(args) {
  const first = args.findIndex((arg) => arg.startsWith('-'));
  const command = args.slice(0, first < 0 ? args.length : first).join(' ');
  if (!COMMANDS[command]) throw new Error(`'${command}' is misspelled or not recognized.`);
  const [needed, optional] = COMMANDS[command];
  const options = {};
  for (let at = first; at >= 0 && at < args.length;) {
    const option = args[at++];
    if (![...needed, ...optional, ...COMMON].includes(option))
      throw new Error(`unrecognized arguments: ${option}`);
    const values = [];
    while (at < args.length && !args[at].startsWith('--')) values.push(args[at++]);
    const isMany = option === '--parameters';
    if (isMany ? values.length < 1 : values.length !== Number(!FLAGS.includes(option))) {
      throw new Error(`${option}: ${values.length} values`);
    }
    const name = option.slice(2);
    options[name] = isMany ? [...(options[name] ?? []), ...values] : (values[0] ?? true);
  }
  const lacking = needed.filter((option) => !(option.slice(2) in options));
  if (lacking.length) throw new Error(`the following arguments are required: ${lacking}`);
  return { command, options };
}

/** What az prints and returns for a command. */
export function az(cloud, args) {
  const { command, options } = parse(args);
  try {
    const answer = COMMANDS[command][2](cloud, options);
    if (answer?.code) return answer;
    const isShown = options.output !== 'none' && answer !== undefined;
    return { code: 0, stdout: isShown ? `${JSON.stringify(answer)}\n` : '', stderr: '' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return failure(command, error);
  }
}

/** `az rest` words it as HTTP does; other commands know 404 by exit code 3. */
function failure(command, { status, code, message }) {
  if (code === 'DeploymentActive') return ANSWERS.deploymentActive;
  const stderr =
    command === 'rest'
      ? `ERROR: ${REASONS[status]}(${JSON.stringify({ error: { code, message } })})\n`
      : `ERROR: (${code}) ${message}\nCode: ${code}\nMessage: ${message}\n`;
  return { code: command !== 'rest' && status === 404 ? 3 : 1, stdout: '', stderr };
}
