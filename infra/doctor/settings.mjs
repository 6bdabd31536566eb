// The doctor's settings, which are the handler's own, from the environment.
export const CONNECTION = 'WebPubSubForSocketIOConnectionString';
/** Where settings are found, and put right. */
export const MEND = 'az functionapp config appsettings list, or portal: Function App, Environment '
  + 'variables, shows the settings of the handler; docs/settings.md says what each one may be';
const HOST = /^https:\/\/[\w.:[\]-]+\/*$|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\/*$/i;

/**
 * url: of the service, as tokens have it for their audience; clientUrl: where clients connect; certificates: whom https trusts; has:
 * what checks may need; problems: by the name of the setting, without its value.
 */
export function readSettings(env, readFile) {
  const text = env[CONNECTION];
  const setting = text ? CONNECTION : `${CONNECTION}__endpoint`;
  const part = (name) => RegExp(`(?:^|;)\\s*${name}\\s*=([^;]*)`, 'i').exec(text ?? '')?.[1].trim();
  const endpoint = (text ? part('Endpoint') : env[setting]?.trim()) ?? '';
  const url = HOST.test(endpoint) ? attempt(() => new URL(endpoint)) : undefined;
  if (url && part('Port')) url.port = part('Port');
  const accessKey = part('AccessKey') ?? '';
  const { CODESTREAM_FUNCTION_KEY: functionKey = '', CODESTREAM_WRITERS: word = '' } = env;
  const hub = env.CODESTREAM_HUB || 'codestream';
  const certificates = readCertificates(env, readFile);
  const { CODESTREAM_CLIENT_ENDPOINT: clientText = '' } = env;
  const clientUrl = HOST.test(clientText) ? attempt(() => new URL(clientText)) : undefined;
  const problems = [
    !text && !endpoint && `${CONNECTION} is not set, and neither is ${setting}`,
    (text || endpoint) && !url && `${setting} has no https://host, or http:// on this machine`,
    text && !accessKey && `${setting} has no AccessKey`,
    clientText && !clientUrl && 'CODESTREAM_CLIENT_ENDPOINT is not an https://host',
    !/^[a-z]\w{0,127}$/i.test(hub) && 'CODESTREAM_HUB is not a letter and 127 letters, digits, _',
    word && [...word].length < 16 && 'CODESTREAM_WRITERS is shorter than 16 characters',
    caFileOf(env) && !certificates && 'CODESTREAM_CA_FILE, or SSL_CERT_FILE, cannot be read',
  ].filter(Boolean);
  const has = new Set(['the service', 'the right function key', accessKey && 'an access key',
    functionKey && 'CODESTREAM_FUNCTION_KEY', word && 'a word']);
  return {
    accessKey, functionKey, word, hub, certificates, problems, has,
    url: url?.origin, host: url?.hostname,
    clientUrl: clientUrl?.origin ?? url?.origin,
    path: `/clients/socketio/hubs/${hub}`,
    code: functionKey && `?code=${encodeURIComponent(functionKey)}`,
    quote: quoteWithout([accessKey, functionKey, word]),
  };
}

const caFileOf = (env) => env.CODESTREAM_CA_FILE || env.SSL_CERT_FILE;

/** Whom https trusts; undefined: whom Node does, or it cannot be read. */
export function readCertificates(env, readFile) {
  return caFileOf(env) ? attempt(() => readFile(caFileOf(env))) : undefined;
}

export const quoteWithout = (secrets) => (said) => quote(said, secrets);

/** The beginning of what others have said, fit for a terminal and without secrets or tokens. */
function quote(said = '', secrets = []) {
  const text = typeof said === 'string' ? said : JSON.stringify(said);
  return secrets.filter(Boolean)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
    .reduce((rest, secret) => rest.replaceAll(secret, '...'), text)
    .replace(/[\w-]+\.[\w-]+\.[\w-]{20,}/g, '...').replace(/[^ -~]/g, ' ').trim().slice(0, 200);
}

/** What a function returns; undefined if it throws. */
export function attempt(what) {
  try {
    return what();
  } catch {
    return undefined;
  }
}
