// From records to the lines of the explorer: what is along x, what is up, what is held constant. Nothing is drawn here.

const ALL = "";
const LATENCY = "latency";

const inverse = (amount, time) => ({ low: amount / time.high, mid: amount / time.mid, high: amount / time.low });

/** What can be up. of(record, base): its interval, or null; base is the record of the backend it is held against. */
const RISES = {
  [LATENCY]: { name: "time of one call", text: seconds, of: (record) => record },
  flops: {
    name: "FLOP/s",
    text: counted,
    rate: "FLOP/s",
    of: (record) => record.flops && inverse(record.flops, record),
  },
  bytes: { name: "B/s", text: counted, rate: "B/s", of: (record) => record.bytes && inverse(record.bytes, record) },
  limit: { name: "share of the limit", text: percent, of: (record) => record.limit && inverse(record.limit, record) },
  ratio: {
    name: "times faster than",
    text: times,
    of: (record, base) => base && base.mid !== null && over(base, record),
  },
};

/** What can be along x besides axes. */
const RUNS = {
  bytes: { name: "bytes of one call", text: dataSize, of: (record) => record.bytes },
  flops: { name: "FLOPs of one call", text: counted, of: (record) => record.flops },
};

/** The ratio of two medians; relative half-widths add in quadrature, in logarithms. */
function over(one, other) {
  const mid = one.mid / other.mid;
  const up = Math.hypot(Math.log(one.high / one.mid), Math.log(other.mid / other.low));
  const down = Math.hypot(Math.log(one.mid / one.low), Math.log(other.high / other.mid));
  return { low: mid * Math.exp(-down), mid, high: mid * Math.exp(up) };
}

/** The last record of each case of an operator: a resumed run may have measured a case again. */
function settled(page, operator) {
  const last = new Map();
  for (const record of page.records) {
    if (record.operator === operator) last.set(`${record.point} ${record.backend}`, record);
  }
  return [...last.values()];
}

/**
 * The lines: `{ backend, points }`, a point `{ record, x, y }`; y is an interval, or null where the case has no value.
 * A line has one backend, and one value of each dimension that is neither along x nor held constant.
 */
function linesOf(page, choices, shown) {
  const records = settled(page, choices.operator);
  const bases = new Map(
    records.filter(({ backend }) => backend === choices.baseline).map((record) => [record.point, record]),
  );
  const { of } = RISES[choices.y];
  const lines = new Map();
  for (const record of records) {
    const x = xOf(record, choices.x);
    if (x === null || !isHeld(record, choices.held) || !shown(record)) continue;
    const y = record.mid === null ? null : of(record, bases.get(record.point)) || null;
    const free = RUNS[choices.x] ? [] : page.dimensions.filter(({ key }) => key !== choices.x);
    const name = JSON.stringify([record.backend, ...free.map(({ key }) => record.place.get(key))]);
    if (!lines.has(name)) lines.set(name, { backend: record.backend, points: [] });
    lines.get(name).points.push({ record, x, y });
  }
  for (const { points } of lines.values()) points.sort((a, b) => a.x - b.x);
  return [...lines.values()].filter(({ points }) => points.some(({ y }) => y !== null));
}

const xOf = (record, x) => (RUNS[x] ? RUNS[x].of(record) : record.place.get(x));

/** Whether a record has the values that are held constant, by dimension; ALL holds nothing. */
function isHeld(record, held) {
  return [...held].every(([key, value]) => value === ALL || JSON.stringify(record.place.get(key)) === value);
}
