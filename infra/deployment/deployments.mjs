// Deployments of templates: started without waiting and then watched, so that nothing that ends
// this program ends them, and the next one finds out what became of them.
import { poll, seconds } from './poll.mjs';
import { AzError, flatten, kindOf, PASSING, StillActive, Stop } from './errors.mjs';

export const DEPLOYMENTS = { main: 'codestream', hub: 'codestream-hub' };

const UNSEEN = Symbol('no deployment that is not of before');
/** So long a deployment that was started may not be seen as one. */
const UNSEEN_MS = 60_000;
/** The same, when az has said that it was not taken. */
const REFUSED_MS = 15_000;
const MAX_TRIES = 5;
const RETRY_MS = 30_000;
/** Somebody else's deployment was in the way, and is over. */
const OTHER = {
  error: { code: 'DeploymentActive', message: 'another deployment is active again and again' },
};
const DONE = ['Succeeded', 'Failed', 'Canceled'];

/** What Azure knows of a deployment; undefined: nothing. */
export function stateOf(d, name) {
  return d.az.find(
    [
      'deployment',
      'group',
      'show',
      '--resource-group',
      d.options.group,
      '--name',
      name,
      '--query',
      'properties',
    ],
    { what: `the state of the deployment ${name}` },
  );
}

const isActive = (state) => Boolean(state) && !DONE.includes(state.provisioningState);
const mark = (state) => JSON.stringify([state?.timestamp, state?.correlationId]);

/** Its state, once it is not active any more. */
export async function waitWhileActive(d, name) {
  const state = await stateOf(d, name);
  if (!isActive(state)) return state;
  d.person.say(
    `  the deployment ${name} of before is still active; to cancel it:\n    ${cancel(d, name)}`,
  );
  return watch(d, name, `the deployment ${name} of before`);
}

const cancel = (d, name) =>
  `az deployment group cancel --resource-group ${d.options.group} --name ${name}`;

/**
 * Polls until it is done. `before`: the mark of the deployment that it must not be taken for;
 * undefined: after `unseenMs` there was no other.
 */
async function watch(d, name, what, before, unseenMs = UNSEEN_MS) {
  const limitMs = d.options.waitMs;
  const end = await poll(d, { what, limitMs }, async (waited) => {
    const state = await stateOf(d, name).catch(passing);
    const isSeen = state && mark(state) !== before;
    if (isSeen) return isActive(state) ? undefined : state;
    return waited > unseenMs ? UNSEEN : undefined;
  });
  if (!end) {
    throw new StillActive(
      `${what} is still active in Azure after ${seconds(limitMs)}`,
      `Run the same command again: it waits for it. To cancel it:\n  ${cancel(d, name)}`,
    );
  }
  return end === UNSEEN ? undefined : end;
}

function passing(error) {
  if (!PASSING.includes(error.kind)) throw error;
}

/**
 * Deploys a template, and returns its outputs by name.
 *
 * @param {{ name: string, template: string, parameters: Record<string, unknown>,
 *   secrets: Record<string, unknown>, what: string }} deployment
 *   secrets: parameters that only az reads
 */
export async function deploy(d, deployment) {
  const { name, what } = deployment;
  let { parameters } = deployment;
  for (let tries = 1; ; tries += 1) {
    const state = await start(d, { ...deployment, parameters });
    if (d.person.isDryRun) return {};
    if (state === OTHER && tries < MAX_TRIES) continue;
    if (state?.provisioningState === 'Succeeded') return values(state.outputs);
    const lines = state ? failure(state) : [`Azure knows nothing of the deployment ${name}`];
    const text = d.az.conceal(lines.join('\n'));
    const hasRole = /RoleAssignmentExists/.test(text) && parameters.uploads !== false;
    if (hasRole) parameters = { ...parameters, uploads: false };
    const isPassing = PASSING.includes(kindOf({ code: 1, stderr: text })) || hasRole || !state;
    if (!isPassing || tries === MAX_TRIES)
      throw new Stop(`${what} failed:\n${text}`, hintFor(text));
    if (!hasRole) {
      d.person.say(`  not yet (${text.slice(0, 160)}), trying again in ${RETRY_MS / 1000} s`);
      await d.clock.sleep(RETRY_MS);
    }
  }
}

function failure(state) {
  const lines = flatten(state.error);
  return lines.length ? lines : [`the deployment is ${state.provisioningState}`];
}

/** Starts it, and returns its state at its end. */
async function start(d, { name, template, parameters, secrets, what }) {
  const before = mark(await waitWhileActive(d, name));
  const given = Object.entries(parameters).map(
    ([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : value}`,
  );
  const content = JSON.stringify({
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#',
    contentVersion: '1.0.0.0',
    parameters: Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, { value }])),
  });
  let isOther = false;
  let unseenMs;
  await d.az
    .withFile(content, (file) =>
      d.az.once(
        [
          'deployment',
          'group',
          'create',
          '--resource-group',
          d.options.group,
          '--name',
          name,
          '--template-file',
          template,
          '--no-wait',
          '--parameters',
          ...given,
          '--parameters',
          `@${file}`,
        ],
        { what: `the start of: ${what}` },
      ),
    )
    .catch((error) => {
      isOther = error.kind === 'active';
      if (isOther) return;
      passing(error); // whether Azure has taken it is seen by looking
      unseenMs = REFUSED_MS;
      d.person.say(
        `  no clear answer (${error.message.split('\n')[0]}): looking what became of it`,
      );
    });
  if (d.person.isDryRun) return stateOf(d, name);
  if (!isOther) return watch(d, name, what, before, unseenMs);
  await waitWhileActive(d, name);
  return OTHER;
}

function values(outputs) {
  return Object.fromEntries(
    Object.entries(outputs ?? {}).map(([name, { value }]) => [name, value]),
  );
}

/** What a person can do about the errors of Resource Manager that are met most often. */
const KNOWN = [
  [/instanceMemory/i, 'Not every region has 512 MB: try again without --memory.'],
  [
    /RequestDisallowedByPolicy/,
    'A policy of your organisation forbids it, and names itself above.',
  ],
  [
    /[Qq]uota|InsufficientQuota|exceed/,
    'A quota is used up: another --location, or a request for more in the portal.',
  ],
  [
    /LocationNotAvailable|LocationNotOffered|not available (in|for)/,
    'Not everything is offered there: another --location. Regions that will do:\n'
      + '  az functionapp list-flexconsumption-locations --output table',
  ],
  [
    /AuthorizationFailed|does not have authorization/,
    'To assign roles you need Owner, or User Access Administrator as well.',
  ],
  [
    /MissingSubscriptionRegistration/,
    'Register the provider that it names: az provider register --namespace …',
  ],
  [/deployer/, 'Bicep is too old: az bicep upgrade'],
];

export function hintFor(text) {
  return KNOWN.find(([sign]) => sign.test(text))?.[1] ?? 'Azure says above which resource it was.';
}

/** Of the outputs, those that are needed; one that is missing is told instead of used. */
export function needOutputs(outputs, names) {
  for (const name of names) {
    if (typeof outputs[name] !== 'string' || !outputs[name]) {
      throw new AzError('empty', `the deployment does not tell its output ${name}`);
    }
  }
  return outputs;
}
