// A case as a picture: megabytes to clients in each second, and how long viewers waited.

const WIDTH = 640;
const HEIGHT = 150;
const LEFT = 60;

const text = (x, y, words, anchor = 'start') =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;

/** A curve through points of (0..1, 0..1), in a frame with the greatest values at its ends. */
function chart(top, title, points, maxX, maxY) {
  const at = ([x, y]) =>
    `${(LEFT + x * WIDTH).toFixed(1)},${(top + HEIGHT - y * HEIGHT).toFixed(1)}`;
  return [
    text(LEFT, top - 8, title),
    `<rect x="${LEFT}" y="${top}" width="${WIDTH}" height="${HEIGHT}" fill="none" stroke="#999"/>`,
    `<polyline fill="none" stroke="#06c" stroke-width="1.5" points="${points.map(at).join(' ')}"/>`,
    text(LEFT - 6, top + 10, maxY, 'end'),
    text(LEFT - 6, top + HEIGHT, 0, 'end'),
    text(LEFT + WIDTH, top + HEIGHT + 16, maxX, 'end'),
  ].join('\n');
}

/** @param {{ title: string, bySecond: number[], waits: number[] }} result  waits: sorted */
export function plot({ title, bySecond, waits }) {
  const seconds = Array.from(bySecond, (bytes) => (bytes ?? 0) / 1e6);
  const most = Math.max(0.001, ...seconds);
  const longest = Math.max(1, waits[waits.length - 1] ?? 0);
  const step = Math.max(1, Math.floor(waits.length / 200));
  const traffic = seconds.map((mb, i) => [i / Math.max(1, seconds.length - 1), mb / most]);
  const share = waits.filter((_, i) => i % step === 0)
    .map((ms, i, { length }) => [ms / longest, (i + 1) / length]);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="720" height="460" font-family="sans-serif" font-size="12">
<rect width="720" height="460" fill="#fff"/>
${text(LEFT, 24, title)}
${chart(60, 'MB to clients, by second', traffic, `${seconds.length} s`, most.toFixed(1))}
${chart(270, 'share of viewers that have waited no longer', share, `${Math.round(longest)} ms`, '1')}
</svg>
`;
}
