// How figures look: numbers, and tables for a terminal or in Markdown.

/** What nobody has measured. */
export const NOTHING = '–';

/** A whole number in groups of three digits. */
export const grouped = (value) => `${Math.round(value)}`.replace(/\B(?=(\d{3})+$)/g, ' ');

/** Three digits, and groups of three. */
export function number(value) {
  if (!Number.isFinite(value)) return NOTHING;
  if (Math.abs(value) < 100) return `${Number(value.toPrecision(value >= 10 ? 3 : 2))}`;
  return grouped(value);
}

const numeric = ({ head, body }) => (
  head.map((_, i) => body.every((row) => /^[-+]?[\d–]/.test(row[i]))));

/** Columns of equal width, the first ones to the left, numbers to the right. */
export function asText({ title, head, body, note }) {
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((row) => row[i].length)));
  const isNumber = numeric({ head, body });
  const line = (row) => row
    .map((cell, i) => (isNumber[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
    .join('  ').trimEnd();
  return [title, line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line),
    ...(note ? [note] : [])].join('\n');
}

export function asMarkdown({ title, head, body, note }) {
  const line = (row) => `| ${row.join(' | ')} |`;
  const rule = line(numeric({ head, body }).map((is) => (is ? '---:' : '---')));
  return [`**${title}**`, '', line(head), rule, ...body.map(line), ...(note ? ['', note] : [])]
    .join('\n');
}

/** What is going on, in the last line of a terminal; '' when it is over. */
export function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}
