// What the share panel gives away: the link for viewers, the code that embeds the stream, and the
// outline of a QR code. Pure.

/**
 * The link for viewers. Writer and viewers must meet on the same transport.
 * @param {{ origin: string, pathname: string }} page @param {string | undefined} transport
 * @param {string} room
 */
export function viewersLink({ origin, pathname }, transport, room) {
  const query = transport ? `?transport=${encodeURIComponent(transport)}` : '';
  return `${origin}${pathname}${query}#${room}`;
}

/**
 * How an embedded stream looks; what is not named is as the person who reads it has it.
 * @typedef {{ theme?: string, size?: string, wrap?: string, line?: string }} EmbedOptions
 */

/**
 * The code that shows the stream in another page.
 * @param {string} link @param {EmbedOptions} [options]
 */
export function embedCode(link, options = {}) {
  const url = new URL(link);
  const choices = Object.entries(options).filter(([, value]) => value);
  const query = [
    url.search.slice(1),
    'embed',
    ...choices.map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
  ];
  url.search = query.filter(Boolean).join('&');
  const attributes = [
    `src="${url.href.replaceAll('&', '&amp;')}"`,
    'title="Live code"',
    'width="720" height="420" style="border:0"',
    'loading="lazy" allow="fullscreen; clipboard-write"',
  ];
  return `<iframe ${attributes.join(' ')}></iframe>`;
}

/**
 * The dark squares of a QR code as one SVG path, a line of them at a time.
 * @param {boolean[][]} rows
 */
export function outline(rows) {
  let path = '';
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      const start = x;
      while (row[x]) x++;
      if (x > start) path += `M${start} ${y}h${x - start}v1h${start - x}z`;
    }
  });
  return path;
}
