// The plot of a run, written by hand as SVG: processor time of each request, and requests a
// second, on a scale of powers of ten.  It follows the reader's choice of light or dark.
import { number } from './format.mjs';
import { spread, valuesOf } from './statistics.mjs';
import { SERVERS } from '../peers/servers.mjs';

const WIDTH = 1000;
const MARGIN = 16;
const GAP = 40;
const NAME_WIDTH = 172;
const VALUE_WIDTH = 70;
const ROW = 30;
const BAR = 20;
const HEAD = 62;
const FOOT = 44;
const LINE = 22;

/** What is deployed. */
const OURS = 'package';

const LEGEND = 'Grey: yardsticks, which answer a constant or do this one thing by hand. '
  + 'Thin lines: least to most.';

const PANELS = [
  { title: 'negotiate: CPU each, µs', point: 'negotiate', metric: 'cpuMicros', better: 'less' },
  { title: 'event: CPU each, µs', point: 'events-256', metric: 'cpuMicros', better: 'less' },
  { title: 'negotiate: per second', point: 'negotiate', metric: 'rps', better: 'more' },
  { title: 'event: per second', point: 'events-256', metric: 'rps', better: 'more' },
];

const STYLE = `
  text { font: 16px system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 19px }
  .small { font-size: 14px; fill: #59636e }
  .ours { fill: #0969da } .yardstick { fill: #8c959f } .peer { fill: #d1793b }
  .name-ours { font-weight: 700 }
  .paper { fill: #ffffff }
  .grid { stroke: #d1d9e0 } .range { stroke: #1f2328; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 }
    .ours { fill: #4493f8 } .yardstick { fill: #6e7681 } .peer { fill: #e0965a }
    .grid { stroke: #3d444d } .range { stroke: #f0f6fc } .paper { fill: #0d1117 }
  }`;

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const at = (value) => Number(value.toFixed(1));

function label(x, y, text, className = '', anchor = 'start') {
  const kind = className && ` class="${className}"`;
  return `<text x="${at(x)}" y="${at(y)}"${kind} text-anchor="${anchor}">${escape(text)}</text>`;
}

/** Whole powers of ten around all values, so that every bar has a length. */
export function decades(values) {
  const low = Math.floor(Math.log10(Math.min(...values) * 0.999));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  return { low, high: Math.max(high, low + 1) };
}

function kindOf(id) {
  if (id === OURS) return 'ours';
  return ['floor', 'limit', 'nginx'].includes(id) ? 'yardstick' : 'peer';
}

function bars(samples, { point, metric }) {
  return SERVERS
    .map(({ id, name }) => (
      { id, name, ...spread(valuesOf(samples, { server: id, point, metric })) }))
    .filter(({ median }) => median > 0);
}

/** 1000 as 1k, since large numbers would run into each other. */
function short(power) {
  const unit = ['', 'k', 'M'][Math.max(0, Math.floor(power / 3))];
  return unit ? `${10 ** (power % 3)}${unit}` : number(10 ** power);
}

function drawGrid({ low, high }, toX, top, bottom) {
  return Array.from({ length: high - low + 1 }, (_, i) => {
    const x = at(toX(10 ** (low + i)));
    return `<line class="grid" x1="${x}" y1="${top}" x2="${x}" y2="${bottom}"/>`
      + label(x, bottom + 18, short(low + i), 'small', 'middle');
  });
}

function drawBar({ id, name, median, min, max }, { x, y, toX }) {
  const start = x + NAME_WIDTH;
  const middle = y + BAR / 2;
  const range = min < max ? [`<line class="range" x1="${at(toX(min))}" y1="${middle}"`
    + ` x2="${at(toX(max))}" y2="${middle}"/>`] : [];
  return [
    label(start - 10, middle + 6, name, id === OURS ? 'name-ours' : '', 'end'),
    `<rect class="${kindOf(id)}" x="${start}" y="${y}" width="${at(toX(median) - start)}"`
      + ` height="${BAR}" rx="3"/>`,
    ...range,
    label(toX(Math.max(median, max)) + 8, middle + 6, number(median),
      id === OURS ? 'name-ours' : ''),
  ];
}

/** One panel at x, y; what it is as SVG, and its height. */
function drawPanel(samples, panel, x, y, width) {
  const rows = bars(samples, panel);
  if (rows.length === 0) return { svg: [], height: 0 };
  const scale = decades(rows.flatMap(({ min, max }) => [min, max]));
  const length = width - NAME_WIDTH - VALUE_WIDTH;
  const toX = (value) => x + NAME_WIDTH
    + (length * (Math.log10(value) - scale.low)) / (scale.high - scale.low);
  const top = y + HEAD - 8;
  const bottom = top + rows.length * ROW;
  return {
    svg: [
      label(x, y + 22, panel.title, 'title'),
      label(x, y + 42, `${panel.better} is better; each line is ten times the one before`, 'small'),
      ...drawGrid(scale, toX, top, bottom),
      ...rows.flatMap((row, i) => drawBar(row, { x, y: top + 5 + i * ROW, toX })),
    ],
    height: HEAD + rows.length * ROW + FOOT,
  };
}

/** @param {string[]} captions where and when it was measured, a line each */
export function plot(samples, captions) {
  const width = (WIDTH - 2 * MARGIN - GAP) / 2;
  const svg = [];
  let y = MARGIN;
  for (let row = 0; row < PANELS.length; row += 2) {
    const drawn = [0, 1].map((column) => drawPanel(samples, PANELS[row + column],
      MARGIN + column * (width + GAP), y, width));
    svg.push(...drawn.flatMap((panel) => panel.svg));
    y += Math.max(...drawn.map(({ height }) => height));
  }
  for (const line of [LEGEND, ...captions]) {
    svg.push(label(MARGIN, y + 8, line, 'small'));
    y += LINE;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 8}" role="img"`
    + ` aria-label="CPU and rate of codestream and its peers">\n<style>${STYLE}\n</style>\n`
    + '<rect class="paper" width="100%" height="100%"/>\n'
    + `${svg.join('\n')}\n</svg>\n`;
}
