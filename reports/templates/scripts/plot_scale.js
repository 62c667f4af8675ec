// Scales: from values to places on the page, and where their ticks stand.

// Where ticks stand within a decade, by how many times the largest value exceeds the smallest.
const STEPS = [
  [3, null],
  [10, [1, 1.5, 2, 3, 5, 7]],
  [100, [1, 2, 5]],
  [Infinity, [1]],
];

/** A scale from [low, high] to [start, end], in pixels; with some room at both ends. */
function makeScale(kind, low, high, start, end, room = 0.05) {
  const forth = kind === "log" ? Math.log : Number;
  let [first, last] = [forth(low), forth(high)];
  const wide = last - first || Math.abs(first) || 1;
  [first, last] = [first - room * wide, last + room * wide];
  return {
    kind,
    low,
    high,
    at: (value) => start + ((forth(value) - first) / (last - first)) * (end - start),
    length: Math.abs(end - start),
  };
}

/** Whether values are spaced more evenly in logarithms, or reach over a factor of three. */
function prefersLog(values, evenly) {
  const places = [...new Set(values)].sort((a, b) => a - b);
  if (places.length < 2 || places[0] <= 0) return false;
  if (!evenly) return places[places.length - 1] >= 3 * places[0];
  return unevenness(places.map(Math.log)) < unevenness(places) - 1e-6;
}

function unevenness(places) {
  const gaps = places.slice(1).map((place, i) => place - places[i]);
  return Math.max(...gaps) / Math.min(...gaps);
}

/** Round numbers within the scale. */
function roundTicks({ kind, low, high }) {
  const steps = STEPS.find(([span]) => high < span * low)?.[1];
  if (kind !== "log" || !steps) return evenTicks(low, high);
  const ticks = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade += 1) {
    ticks.push(...steps.map((step) => step * 10 ** decade));
  }
  const within = ticks.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  return within.filter((_, i) => i % Math.ceil(within.length / 12) === 0);
}

function evenTicks(low, high) {
  if (!(high > low)) return [low];
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

/** Of the measured values those whose labels, `room` pixels each, do not touch; both ends always. */
function valueTicks(values, scale, room) {
  const last = values[values.length - 1];
  const ticks = [values[0]];
  for (const value of values.slice(1, -1)) {
    const free = Math.abs(scale.at(value) - scale.at(ticks[ticks.length - 1]));
    if (free >= room && Math.abs(scale.at(last) - scale.at(value)) >= room) ticks.push(value);
  }
  return last > values[0] ? [...ticks, last] : ticks;
}
