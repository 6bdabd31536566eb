// What the command line of deploy.mjs asks for, checked. Pure.
import { parseArgs } from 'node:util';

import { Misuse } from './errors.mjs';
import { region } from './arm.mjs';

export const SKUS = ['Free_F1', 'Standard_S1', 'Premium_P1', 'Premium_P2'];
export const MIN_SECRET_CHARS = 32;
const MIN_WORD_CHARS = 16;
const MAX_KEEP_DAYS = 90;

const TEXT = { type: 'string' };
const LIST = { type: 'string', multiple: true, default: [] };
const FLAG = { type: 'boolean', default: false };
const OPTIONS = {
  from: TEXT,
  location: TEXT,
  'resource-group': TEXT,
  name: TEXT,
  subscription: TEXT,
  service: TEXT,
  'service-group': TEXT,
  hub: TEXT,
  sku: TEXT,
  units: TEXT,
  wait: TEXT,
  'keep-days': TEXT,
  memory: TEXT,
  origin: LIST,
  'remove-origin': LIST,
  setting: LIST,
  'remove-setting': LIST,
  identity: FLAG,
  'access-key': FLAG,
  writers: FLAG,
  'drop-upload-right': FLAG,
  'no-doctor': FLAG,
  'new-secret': FLAG,
  'dry-run': FLAG,
  help: { ...FLAG, short: 'h' },
};

/** Settings that follow from something else: [which, how they are set]. */
const RESERVED = [
  [/^CODESTREAM_SECRET$/i, 'it is given as the environment variable CODESTREAM_SECRET'],
  [/^CODESTREAM_HUB$/i, 'a first deployment takes --hub, and later ones keep it'],
  [/^CODESTREAM_UNITS$/i, 'it follows --units'],
  [
    /^WebPubSubForSocketIOConnectionString(__endpoint|__credential)?$/i,
    'it follows --identity and --access-key',
  ],
  [/^(AzureWebJobsStorage|APPLICATIONINSIGHTS_)/i, 'it follows from the resources that are made'],
  [/^(FUNCTIONS_|WEBSITE_RUN_FROM_PACKAGE$)/i, 'Flex Consumption refuses it'],
];

/** Parses as node:util does, and says in one line what is wrong. */
export function parse(argv, options) {
  try {
    const { values } = parseArgs({ args: argv, options, allowPositionals: false });
    for (const [name, value] of Object.entries(values)) {
      if ([value].flat().includes('')) throw new Misuse(`--${name} needs a value`);
    }
    return values;
  } catch (error) {
    // It may be the value of a setting, which nobody shall read.
    if (error.code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') {
      throw new Misuse('there is an argument that belongs to no option (not shown: it may be a secret)');
    }
    throw new Misuse(error.message.split('\n')[0].split('. ')[0]);
  }
}

/** @param {Record<string, string | undefined>} env */
export function readOptions(argv, env) {
  const values = parse(argv, OPTIONS);
  const secret = env.CODESTREAM_SECRET || undefined;
  const options = {
    from: values.from,
    group: checkGroup(values['resource-group'] ?? 'codestream'),
    name: checkName(values.name ?? 'codestream'),
    location: values.location && region(values.location),
    subscription: values.subscription,
    service: values.service && checkService(values.service),
    hub: values.hub && checkHub(values.hub),
    serviceGroup: values['service-group'] && checkGroup(values['service-group']),
    sku: checkSku(values.sku),
    units: values.units === undefined ? undefined : checkCount('units', values.units),
    memory: values.memory && checkMemory(values.memory),
    keepDays: values['keep-days'] === undefined ? undefined : checkDays(values['keep-days']),
    waitMs: 60_000 * checkCount('wait', values.wait ?? '30'),
    origins: each(values, 'origin', checkOrigin),
    removedOrigins: each(values, 'remove-origin', checkOrigin),
    settings: Object.fromEntries(each(values, 'setting', (one) => readSetting(one, env))),
    removedSettings: each(values, 'remove-setting', checkSettingName),
    identity: values.identity ? true : values['access-key'] ? false : undefined,
    writers: values.writers,
    noDoctor: values['no-doctor'],
    dropsUpload: values['drop-upload-right'],
    newSecret: values['new-secret'],
    secret: checkSecret(secret),
    isDryRun: values['dry-run'],
    help: values.help,
  };
  checkTogether(options, values);
  return options;
}

function checkTogether(options, values) {
  if (options.serviceGroup && !options.service) throw new Misuse('--service-group needs --service');
  if (options.service && (options.sku || options.units)) {
    throw new Misuse(
      "the tier of a service that you have already is yours to change, not deploy.mjs's",
    );
  }
  if (values.identity && values['access-key'])
    throw new Misuse('--identity or --access-key, not both');
  if (options.secret && options.newSecret) {
    throw new Misuse('--new-secret makes a secret, and CODESTREAM_SECRET is one: not both');
  }
  if (options.writers && 'CODESTREAM_WRITERS' in options.settings) {
    throw new Misuse('--writers makes the word, and --setting CODESTREAM_WRITERS is one: not both');
  }
  if (options.keepDays && options.removedSettings.some((name) => /^CODESTREAM_STORAGE__/i.test(name))) {
    throw new Misuse('--keep-days keeps texts, and --remove-setting ends that: not both');
  }
  if (options.keepDays && Object.keys(options.settings).some((name) => /^CODESTREAM_STORAGE__/i.test(name))) {
    throw new Misuse('--keep-days says where texts are kept, and --setting says it too: not both');
  }
  for (const name of options.removedSettings) {
    const isSet = name in options.settings || (name === 'CODESTREAM_WRITERS' && options.writers);
    if (isSet) throw new Misuse('--setting and --remove-setting name the same setting');
  }
  for (const origin of options.removedOrigins) {
    if (options.origins.includes(origin))
      throw new Misuse('--origin and --remove-origin name the same origin');
  }
  if (options.sku && options.units) checkUnits(options.sku, options.units);
}

/** A service of this tier cannot have that many units: why, or ''. */
export function unitsProblem(sku, units) {
  if (sku === 'Free_F1') return units === 1 ? '' : 'Free_F1 has one unit: add --sku Standard_S1';
  if (sku === 'Premium_P2') {
    const isRight = units >= 100 && units <= 1000 && units % 100 === 0;
    return isRight ? '' : 'Premium_P2 has 100, 200, … 1000 units: add --units 100';
  }
  const isRight = (units >= 1 && units <= 10) || (units >= 20 && units <= 100 && units % 10 === 0);
  return isRight ? '' : `${sku} has 1 to 10 units, or 20, 30, … 100, and not ${units}`;
}

function checkUnits(sku, units) {
  const problem = unitsProblem(sku, units);
  if (problem) throw new Misuse(problem);
}

export function checkGroup(group) {
  if (/^[\w.()-]{1,89}[\w()-]$|^[\w()-]$/u.test(group.replaceAll(/\p{L}/gu, 'a'))) return group;
  throw new Misuse(`--resource-group is no name of a group: ${group}`);
}

function checkService(name) {
  if (/^[A-Za-z][A-Za-z0-9-]{1,61}[A-Za-z0-9]$/.test(name)) return name;
  throw new Misuse(`--service is no name of a service: ${name}`);
}

function checkHub(hub) {
  if (/^[A-Za-z]\w{0,127}$/.test(hub)) return hub;
  throw new Misuse(`--hub is a letter and up to 127 letters, digits and _: ${hub}`);
}

function checkName(name) {
  if (!/^[a-z][a-z0-9]*$/.test(name)) {
    throw new Misuse(`--name: small letters and digits, a letter first: ${name}`);
  }
  if (name.length < 3 || name.length > 11) throw new Misuse(`--name: 3 to 11 characters: ${name}`);
  return name;
}

function checkMemory(memory) {
  if (['512', '2048', '4096'].includes(memory)) return Number(memory);
  throw new Misuse(`--memory is 512, 2048 or 4096, not ${memory}`);
}

function checkSku(sku) {
  if (sku === undefined || SKUS.includes(sku)) return sku;
  throw new Misuse(`--sku is one of ${SKUS.join(', ')}, not ${sku}`);
}

export function checkCount(option, text) {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Misuse(`--${option} is a number from 1 on, not ${text}`);
}

/**
 * Every value of an option that may be repeated. One that is wrong is told by its position alone: it
 * may be a secret that was typed in the wrong place.
 */
function each(values, option, read) {
  return values[option].map((text, index) => {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof Misuse)) throw error;
      throw new Misuse(`--${option} number ${index + 1} (not shown: it may be a secret): ${error.message}`);
    }
  });
}

export function checkDays(text) {
  if (/^[1-9]\d?$/.test(text) && Number(text) <= MAX_KEEP_DAYS) return Number(text);
  throw new Misuse(`--keep-days is a number from 1 to ${MAX_KEEP_DAYS}, not ${text}`);
}

function checkOrigin(origin) {
  if (/^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?$/.test(origin)) return origin;
  throw new Misuse('an origin is https://HOST or http://HOST, and ends there');
}

function checkSettingName(name) {
  if (!/^[A-Za-z]\w*$/.test(name)) {
    throw new Misuse("a setting's name has letters, digits and _ (for : write __)");
  }
  const reserved = RESERVED.find(([which]) => which.test(name));
  if (reserved) throw new Misuse(`this setting is none of yours to set: ${reserved[1]}`);
  return name;
}

/** NAME, whose value is in the environment, or NAME=VALUE. */
function readSetting(text, env) {
  const at = text.indexOf('=');
  const name = checkSettingName(at < 0 ? text : text.slice(0, at));
  const value = at < 0 ? env[name] : text.slice(at + 1);
  if (value === undefined) throw new Misuse('the environment has no variable of this name');
  if (value === '') throw new Misuse('it has no value; --remove-setting removes a setting');
  if (/[\r\n\0]/.test(value)) throw new Misuse('the value has a line break');
  if (name === 'CODESTREAM_CLIENT_ENDPOINT' && !/^https:\/\/[A-Za-z0-9.-]+(:\d{1,5})?\/?$/.test(value)) {
    throw new Misuse('where clients connect is https://HOST, and ends there');
  }
  if (name === 'CODESTREAM_WRITERS' && [...value].length < MIN_WORD_CHARS) {
    throw new Misuse(`the word for writers has fewer than ${MIN_WORD_CHARS} characters`);
  }
  return [name, value];
}

function checkSecret(secret) {
  if (secret === undefined) return secret;
  if (Buffer.byteLength(secret) < MIN_SECRET_CHARS) {
    throw new Misuse(`CODESTREAM_SECRET has fewer than ${MIN_SECRET_CHARS} characters`);
  }
  if (/[^\x20-\x7e]/.test(secret)) {
    throw new Misuse('CODESTREAM_SECRET has characters that cannot be printed');
  }
  return secret;
}
