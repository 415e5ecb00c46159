// Prometheus' text format, and what one reads off it: quantiles, rates.

/** Series by name: `[{labels, value}]`. */
export function parse(text) {
  const series = new Map();
  for (const line of text.split("\n")) {
    const found = line.match(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/);
    if (!found) continue;
    const labels = {};
    for (const [, name, value] of (found[2] ?? "").matchAll(/([a-zA-Z_]\w*)="((?:\\.|[^"\\])*)"/g)) {
      labels[name] = value.replace(/\\(.)/g, (_, letter) => (letter === "n" ? "\n" : letter));
    }
    const value = found[3] === "+Inf" ? Infinity : Number(found[3]);
    if (!series.has(found[1])) series.set(found[1], []);
    series.get(found[1]).push({ labels, value });
  }
  return series;
}

export const value = (series, name) => series.get(name)?.[0]?.value;

/** Cumulative counts of a histogram by upper bound; nothing where there is none. */
export function buckets(series, name) {
  return (series.get(`${name}_bucket`) ?? [])
    .map(({ labels, value }) => ({ bound: labels.le === "+Inf" ? Infinity : Number(labels.le), count: value }))
    .sort((a, b) => a.bound - b.bound);
}

/** What was counted between two looks at a histogram. */
export function between(earlier, later) {
  return later.map(({ bound, count }, index) => ({ bound, count: count - (earlier[index]?.count ?? 0) }));
}

/** The value that a share of the observations does not pass, taken to lie evenly in its bucket; undefined of none. */
export function quantile(buckets, share) {
  const total = buckets.at(-1)?.count ?? 0;
  if (total <= 0) return undefined;
  const rank = share * total;
  let [low, before] = [0, 0];
  for (const { bound, count } of buckets) {
    if (count >= rank) {
      if (bound === Infinity) return low;
      return low + (bound - low) * (count === before ? 1 : (rank - before) / (count - before));
    }
    [low, before] = [bound, count];
  }
  return low;
}
