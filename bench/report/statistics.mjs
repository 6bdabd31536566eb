// What is made of samples.  A sample is one server at one point in one round; ratios are taken
// between samples of the same round, since a machine that others use is slower in some rounds.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** { p50, p90, p99, max } of numbers, each of which is one of them. */
export function percentiles(values) {
  const sorted = Float64Array.from(values).sort();
  const at = (share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** { median, min, max, rounds } of numbers; null of none. */
export function spread(values) {
  if (values.length === 0) return null;
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    rounds: values.length,
  };
}

/** The first figure of a sample that is none, NaN say, by its name; undefined if all are. */
export const noFigure = (metrics) => Object.keys(metrics).find((metric) => (
  typeof metrics[metric] === 'number' && !Number.isFinite(metrics[metric])));

/** What a server has of a metric at a point, one number a round. */
export function valuesOf(samples, { server, point, metric }) {
  return byRound(samples, server, point, metric).map(([, value]) => value);
}

/** Requests that fail cost something else: a sample with some counts for nothing but their number. */
function byRound(samples, server, point, metric) {
  return samples
    .filter((sample) => sample.server === server && sample.point === point)
    .filter(({ errors }) => metric === 'errors' || !(errors > 0))
    .filter((sample) => Number.isFinite(sample[metric]))
    .map((sample) => [sample.round, sample[metric]]);
}

/**
 * One server's metric divided by another's, one number for each round that has both.
 * againstPoint: of the other at that point; by default at the same one
 */
export function ratiosOf(samples, { server, against, point, againstPoint = point, metric }) {
  const others = new Map(byRound(samples, against, againstPoint, metric));
  return byRound(samples, server, point, metric)
    .filter(([round]) => others.get(round) > 0)
    .map(([round, value]) => value / others.get(round));
}

/** How much more the best round has than the worst; 0 of one round or none. */
export function unrest(values) {
  return values.length === 0 ? 0 : Math.max(...values) / Math.min(...values) - 1;
}
