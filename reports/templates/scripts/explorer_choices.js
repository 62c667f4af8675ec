// What the explorer shows: choices, what they are at first, and the controls that change them.

const AUTO = "auto";

/** The dimensions in which records of an operator differ, and in which they have numbers. */
function varying(page, records) {
  const valuesAt = ({ key }) => valuesOf(records, key);
  return page.dimensions.map((each) => ({ ...each, values: valuesAt(each) })).filter(({ values }) => values.length > 1);
}

function numbers(page, records) {
  const axes = page.dimensions.filter(({ key }) => key.startsWith("axis "));
  return axes
    .map((each) => ({ ...each, values: valuesOf(records, each.key) }))
    .filter(({ values }) => values.length > 0 && values.every((value) => typeof value === "number"));
}

/** Choices for an operator; what is not given is what shows most. */
function choicesFor(page, given) {
  const records = settled(page, given.operator);
  const axes = numbers(page, records);
  const widest = axes.reduce((best, axis) => (best && best.values.length >= axis.values.length ? best : axis), null);
  const xs = [
    ...axes.map(({ key }) => key),
    ...Object.keys(RUNS).filter((run) => records.some((record) => RUNS[run].of(record))),
  ];
  const x = xs.includes(given.x) ? given.x : (widest?.key ?? xs[0] ?? null);
  const backends = [...new Set(records.map(({ backend }) => backend))];
  const baseline = backends.includes(given.baseline)
    ? given.baseline
    : (page.baselines.find((label) => backends.includes(label)) ?? backends[0]);
  const ys = Object.keys(RISES).filter((rise) =>
    records.some((record) => record.mid !== null && RISES[rise].of(record, record)),
  );
  return {
    xScale: AUTO,
    yScale: AUTO,
    spread: "band",
    ...given,
    x,
    xs,
    y: ys.includes(given.y) ? given.y : LATENCY,
    ys,
    baseline,
    backends,
    held: heldAtFirst(page, records, x),
    records,
  };
}

/** The values of the dimensions that are not along x, at which most values of x were measured. */
function heldAtFirst(page, records, x) {
  const others = varying(page, records).filter(({ key }) => key !== x && !(RUNS[x] && key.startsWith("axis ")));
  const reached = new Map();
  for (const record of records.filter(({ mid }) => mid !== null)) {
    const name = JSON.stringify(others.map(({ key }) => JSON.stringify(record.place.get(key))));
    reached.set(name, (reached.get(name) ?? new Set()).add(xOf(record, x)));
  }
  const best = [...reached].reduce((most, one) => (most && most[1].size >= one[1].size ? most : one), null);
  const values = best ? JSON.parse(best[0]) : others.map(() => ALL);
  const held = new Map(others.map(({ key }, i) => [key, values[i]]));
  if (RUNS[x]) varying(page, records).forEach(({ key }) => held.has(key) || held.set(key, ALL));
  return held;
}

/** The controls of the choices; changed(choices) is called with other ones. */
function explorerControls(page, choices, changed) {
  const nameOf = (key) => RUNS[key]?.name ?? page.dimensions.find((each) => each.key === key).name;
  const one = (field) => (value) => changed({ ...choices, [field]: value });
  const anew = (field) => (value) => changed(choicesFor(page, { ...choices, [field]: value }));
  const scales = [
    [AUTO, "auto"],
    ["log", "log"],
    ["linear", "linear"],
  ];
  const controls = [
    page.operators.length > 1 &&
      choice(
        "Operator",
        page.operators.map((name) => [name, name]),
        choices.operator,
        anew("operator"),
      ),
    choice(
      "Along x",
      choices.xs.map((key) => [key, nameOf(key)]),
      choices.x,
      anew("x"),
    ),
    choice("x scale", scales, choices.xScale, one("xScale")),
    choice(
      "Up",
      choices.ys.map((key) => [key, RISES[key].name + (key === "ratio" ? " …" : "")]),
      choices.y,
      one("y"),
    ),
    choices.y === "ratio" &&
      choice(
        "Faster than",
        choices.backends.map((label) => [label, label]),
        choices.baseline,
        one("baseline"),
      ),
    choice("y scale", scales, choices.yScale, one("yScale")),
    choice(
      "Intervals",
      [
        ["band", "bands"],
        ["bar", "bars"],
        ["none", "none"],
      ],
      choices.spread,
      one("spread"),
    ),
    ...varying(page, choices.records)
      .filter(({ key }) => choices.held.has(key))
      .map((each) => holdControl(each, choices, changed)),
  ];
  return controls.filter(Boolean);
}

function holdControl({ key, name, values }, choices, changed) {
  const options = values.map((value) => [JSON.stringify(value), valueText(value)]);
  const chosenValue = (value) => changed({ ...choices, held: new Map(choices.held).set(key, value) });
  return choice(name, [[ALL, "all"], ...options], choices.held.get(key), chosenValue);
}
