// Reads the JSON of a response, which may be anybody's: one that has no end is not read to its end.

/**
 * @param {Response} response @param {number} limitBytes
 * @returns {Promise<any>} if it is longer than that, whoever has asked aborts the request
 */
export async function readJson({ body }, limitBytes) {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let json = '';
  for (let bytes = 0; bytes <= limitBytes; ) {
    const { value } = (await reader?.read()) ?? {};
    if (!value) return JSON.parse(json + decoder.decode());
    bytes += value.length;
    json += decoder.decode(value, { stream: true });
  }
  throw new Error('The response is too long.');
}
