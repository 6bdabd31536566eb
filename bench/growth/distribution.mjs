// Percentiles of a list of numbers.

/** @param {number[]} values @returns {{ p50: number, p90: number, p99: number, max: number }} */
export function distribution(values) {
  const sorted = Float64Array.from(values).sort();
  const at = (share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
