// Which text the bytes of a file are: UTF-8, UTF-16 (by its mark, or by its zeros) or, at last,
// Latin-1 as Windows has it. Pure.

/** What no text has: most control characters, and bytes that mean nothing on Windows. */
const BINARY = /[\0-\x08\x0e-\x1a\x1c-\x1f\x7f\x81\x8d\x8f\x90\x9d]/;
/** So many bytes tell whether every other one is zero. */
const SAMPLE = 4_096;

/**
 * @param {Uint8Array} bytes
 * @returns {{ text: string, guessed: boolean } | undefined} undefined: it is no text; guessed: as
 *   Latin-1, which any bytes could be
 */
export function decodeText(bytes) {
  const wide = wideEncoding(bytes);
  const encoding = wide ?? 'utf-8';
  const text = decode(bytes, encoding);
  if (text !== undefined && !(wide && text.includes('\0'))) return { text, guessed: false };
  if (wide) return undefined;
  const latin = decode(bytes, 'windows-1252') ?? '\0';
  return BINARY.test(latin) ? undefined : { text: latin, guessed: true };
}

/** @param {Uint8Array} bytes @param {string} encoding */
function decode(bytes, encoding) {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** @param {Uint8Array} bytes */
function wideEncoding(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const sample = bytes.subarray(0, SAMPLE);
  if (bytes.length % 2 === 1 || sample.length < 2) return undefined;
  const zeros = [0, 0];
  sample.forEach((byte, i) => {
    if (byte === 0) zeros[i % 2]++;
  });
  const most = sample.length / 4;
  if (zeros[1] > most && zeros[0] * 8 < zeros[1]) return 'utf-16le';
  return zeros[0] > most && zeros[1] * 8 < zeros[0] ? 'utf-16be' : undefined;
}
