// The page's records, out of the columns that reports/pages/page_data.py wrote.

const SETTING = ["dtype", "mode", "device", "clock"];

/**
 * Returns `{ records, backends, baselines, dimensions, operators }`. A record has its operator and backend as text, its
 * place (by dimension the value, null for an axis that its operator does not have), mid, low, high and limit in
 * seconds, flops and bytes; null where there is none. A dimension is an axis, or one of SETTING: `key`, `name` and its
 * values in order.
 */
function readRecords(text) {
  const data = JSON.parse(text);
  const names = [...SETTING.map((name) => [name, name]), ...data.axes.map((name) => [`axis ${name}`, name])];
  const places = data.points.map(([operator, setting, values]) => {
    const all = [...data.settings[setting], ...values];
    return { operator: data.operators[operator], place: new Map(names.map(([key], i) => [key, all[i]])) };
  });
  const records = data.point.map((point, i) => ({
    ...places[point],
    point,
    backend: data.backends[data.backend[i]][0],
    mid: data.mid[i],
    low: data.low[i],
    high: data.high[i],
    limit: data.limit[i],
    flops: data.flops[point],
    bytes: data.bytes[point],
  }));
  const backends = new Map(data.backends.map(([label, colour, marker, dash]) => [label, { colour, marker, dash }]));
  const dimensions = names.map(([key, name]) => ({ key, name, values: valuesOf(places, key) }));
  return { records, backends, baselines: data.baselines, dimensions, operators: data.operators };
}

/** The values of a dimension, numbers ascending and names as they came. */
function valuesOf(places, key) {
  const values = [...new Set(places.map(({ place }) => place.get(key)).filter((value) => value !== null))];
  return values.every((value) => typeof value === "number") ? values.sort((a, b) => a - b) : values;
}

/** A value as the tables write it. */
function valueText(value) {
  return typeof value === "boolean" ? (value ? "True" : "False") : String(value);
}

/** What a record is of, but for its backend: `channels=16, edge=28, float32, forward`; of the dimensions that vary. */
function placeText(record, dimensions) {
  return dimensions
    .filter(({ key, values }) => values.length > 1 && record.place.get(key) !== null)
    .map(({ key, name }) => (SETTING.includes(key) ? "" : `${name}=`) + valueText(record.place.get(key)))
    .join(", ");
}
