// What az says when it fails, told apart: which of it can pass by itself, and what a person can do
// about the rest. Pure.

/** What stops a program, in words for a person. `hint`: what to do about it. */
export class Stop extends Error {
  constructor(message, hint = '') {
    super(message);
    this.hint = hint;
  }
}

/** A wrong command line. */
export class Misuse extends Error {}

/** Azure is still at it when our patience is over. */
export class StillActive extends Stop {}

export class AzError extends Stop {
  constructor(kind, message) {
    super(message, HINTS[kind] ?? '');
    this.kind = kind;
  }
}

const SIGN_IN =
  'Sign in again: az login. In GitHub Actions the step azure/login has to stand right\n'
  + 'before this one.';

const HINTS = {
  absent: 'Install the Azure CLI: https://learn.microsoft.com/cli/azure/install-azure-cli',
  signedOut: SIGN_IN,
  expired: SIGN_IN,
  forbidden:
    'You lack a right. To deploy one needs Owner, or Contributor with User Access\n'
    + 'Administrator, on the subscription or on a resource group that is there.',
  closed:
    'The network rules of the storage account keep this machine out: run this from a network\n'
    + 'that they let in, or add this machine to them for as long as it takes.',
  locked: 'There is a lock: az lock list --output table. Remove it, and run this again.',
  busy: 'Azure is busy, or cannot be reached. Run the same command again in some minutes.',
  late: 'Run the same command again: it finds out what became of this.',
  notYet:
    'A right that was given a moment ago is not known everywhere yet. Run the same command\n'
    + 'again in five minutes.',
};

/** The kinds in their order: the first that one of its signs is found of is it. */
const SIGNS = {
  expired: [
    'AADSTS700024',
    'AADSTS70043',
    'AADSTS700082',
    'AADSTS70008',
    'AADSTS50173',
    'AADSTS50078',
    'AADSTS500133',
    'ExpiredAuthenticationToken',
    'token (has|is) expired',
    'Interactive authentication is needed',
  ],
  signedOut: ['az login', 'AADSTS\\d+', 'No subscription found', 'InvalidAuthenticationToken'],
  active: ['DeploymentActive'],
  locked: ['ScopeLocked'],
  closed: ['blocked by network rules'],
  notYet: [
    'AuthorizationPermissionMismatch',
    'AuthorizationFailure',
    'PrincipalNotFound',
    'required permissions needed to perform',
  ],
  forbidden: ['AuthorizationFailed', 'does not have authorization', '^ERROR: Forbidden\\b'],
  missing: [
    'NotFound\\b',
    '^ERROR: Not Found\\b',
    '(specified blob|requested content) does not exist',
    'could not be found',
  ],
  busy: [
    'Too ?Many ?Requests',
    'Service ?Unavailable',
    'Internal ?Server ?Error',
    'Bad Gateway',
    'Gateway ?Time-?out',
    'ServerBusy',
    'RetryableError',
    'AnotherOperationInProgress',
    '^(ERROR: )?Conflict\\b', // also of a deployment: another operation is in progress
    'from host runtime',
    'timed? ?out',
    'Connection (aborted|reset|refused)',
    'ConnectionResetError',
    'RemoteDisconnected',
    'Max retries exceeded',
    'name resolution',
    'status.?code:? ?(429|50[0234])',
    '\\b(429|50[0234])\\b.{0,40}(error|response)',
  ],
};

const KINDS = Object.entries(SIGNS).map(([kind, signs]) => [kind, RegExp(signs.join('|'), 'im')]);

/** What can pass by itself, and is therefore worth another try. */
export const PASSING = ['busy', 'late', 'notYet'];

/** The kind of an answer of az that is no success; exit code 3 is az's own "not found". */
export function kindOf({ code, stderr }) {
  const found = KINDS.find(([, sign]) => sign.test(stderr))?.[0];
  if (code === 3 && (!found || found === 'busy')) return 'missing';
  return found ?? 'fatal';
}

const MAX_TEXT_CHARS = 1200;

/** Lines of az that say nothing of what went wrong. */
const NOISE =
  /^ERROR: The command failed with an unexpected error|^To check existing issues|^(Code|Message): /;

/** What Azure has answered, within a traceback. */
const RAISED = /^[\w.]+(Error|Exception): \(\w+\)/;

/** The part of az's output that a person should read: no traceback, no warnings. */
export function gist(stderr) {
  const lines = stderr
    .split('\n')
    .map((line) => line.trimEnd())
    .filter(Boolean);
  const isTrace = lines.some((line) => line.startsWith('Traceback '));
  const first = Math.max(
    lines.findIndex((line) => line.startsWith('ERROR:')),
    0,
  );
  const raised = lines.find((line) => RAISED.test(line))?.replace(/^\S+: /, '');
  const telling = isTrace
    ? [raised ?? ''].concat(raised ? [] : lines.filter((line) => line.startsWith('ERROR:')))
    : lines.slice(first);
  const chosen = telling.filter((line) => line && !NOISE.test(line));
  const text = (chosen.length ? chosen : lines.slice(-1)).join('\n').replaceAll(/^ERROR:\s*/gm, '');
  return text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)} …` : text;
}

/** The errors of a deployment, each with all that it is made of, as lines. */
export function flatten(error) {
  if (!error) return [];
  const inner = [...(error.details ?? []), nested(error.message)].flatMap(flatten);
  const own = nested(error.message) ? [] : [`${error.code}: ${error.message}`];
  return [...new Set(inner.length ? inner : own)];
}

/** Providers put JSON with the true error into the message of their own. */
function nested(message) {
  try {
    return JSON.parse(message).error ?? undefined;
  } catch {
    return undefined;
  }
}
