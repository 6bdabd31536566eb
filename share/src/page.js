// What the page says of its back end, read from the head of its document.

/** The page is a few kilobytes; whatever is larger is something else. */
const MAX_BYTES = 1024 * 1024;
const READ_MS = 10_000;

/** The page cannot be used, and why. */
export class PageError extends Error {}

/**
 * @param {URL} page @param {string} [api]  if it is known, the page is not asked
 * @returns {Promise<import('../../web/src/connection.js').BackEnd>}
 * @throws {PageError}
 */
export async function readBackEnd(page, api) {
  const transport = page.searchParams.get('transport') ?? undefined;
  if (transport === 'native' && globalThis.WebSocket === undefined)
    throw new PageError('Streams over the native endpoint need Node 22 or newer.');
  if (api !== undefined) return { api, transport, keepDays: 0 };
  const html = await download(page);
  const found = readHead(html);
  if (!/^https?:\/\//.test(found.api ?? ''))
    throw new PageError(
      `${page.href} does not say where its function app is: it is no page of Codestream, or was ` +
        'not configured.',
    );
  return { api: String(found.api).replace(/\/$/, ''), transport, keepDays: found.keepDays };
}

/**
 * @param {string} html
 * @returns {{ api: string | undefined, keepDays: number }}
 */
export function readHead(html) {
  const contents = new Map();
  // What is no page may have a million tags without an end.
  for (const [tag] of html.matchAll(/<meta\s[^<>]*>/gi)) {
    const name = attribute(tag, 'name');
    if (name !== undefined && !contents.has(name)) contents.set(name, attribute(tag, 'content'));
  }
  return {
    api: contents.get('codestream-api'),
    keepDays: Number(contents.get('codestream-keep-days')) || 0,
  };
}

/** @param {string} tag @param {string} name */
function attribute(tag, name) {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(tag);
  return (found?.[1] ?? found?.[2])?.replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}

/** @param {URL} page */
async function download(page) {
  try {
    const response = await fetch(page, { signal: AbortSignal.timeout(READ_MS) });
    if (!response.ok) throw new PageError(`${page.href} answered ${response.status}.`);
    return await textOf(response, page);
  } catch (error) {
    if (error instanceof PageError) throw error;
    throw new PageError(`${page.href} cannot be reached: ${causeOf(error)}`);
  }
}

/** @param {Response} response @param {URL} page */
async function textOf(response, page) {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  for await (const chunk of /** @type {any} */ (response.body)) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new PageError(`${page.href} is no page of Codestream.`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/** fetch says "fetch failed" and hides the reason. @param {any} error */
function causeOf(error) {
  if (error?.name === 'TimeoutError') return `no answer within ${READ_MS / 1_000} s`;
  return String(error?.cause?.message || error?.cause?.code || error?.message || error);
}
