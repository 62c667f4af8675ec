// The explorer's drawing: scales, grid and lines, for one choice of axes.

const AROUND = { left: 70, right: 14, top: 12, bottom: 44 }; // pixels kept for ticks and names

/** Draw into the place. Returns what was drawn: points with their places in pixels, by line, and how many were not. */
function drawPlot(place, page, choices, lines) {
  const width = Math.max(place.clientWidth, 260);
  const height = Math.round(Math.min(Math.max(0.52 * width, 240), 430));
  const points = lines.flatMap((each) => each.points);
  const axes = scalesOf(choices, points, width, height);
  const svg = shape("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    tabindex: 0,
    role: "group",
    "aria-label": "Plot; arrow keys go from point to point",
  });
  place.replaceChildren(svg);
  if (!axes) return { svg, lines: [], left: points.length };
  svg.append(frame(page, choices, axes, width, height));
  const drawable = ({ x, y }) => y !== null && axes.fits(x, y);
  const drawn = lines.map(({ backend, points: all }) => {
    const look = page.backends.get(backend);
    const placed = all.map(
      (point) => drawable(point) && { ...point, look, px: axes.x.at(point.x), py: axes.y.at(point.y.mid) },
    );
    svg.append(...series(look, placed, axes, choices));
    return placed.filter(Boolean);
  });
  return { svg, lines: drawn.filter((each) => each.length > 0), left: points.length - drawn.flat().length };
}

/** Both scales; null where nothing has a place on them. */
function scalesOf(choices, points, width, height) {
  const known = points.filter(({ y }) => y !== null);
  const kindOf = (wish, values, evenly) => (wish === AUTO ? (prefersLog(values, evenly) ? "log" : "linear") : wish);
  const xKind = kindOf(
    choices.xScale,
    known.map(({ x }) => x),
    !RUNS[choices.x],
  );
  const yKind = kindOf(
    choices.yScale,
    known.flatMap(({ y }) => [y.low, y.high]),
    false,
  );
  const fits = (x, y) => (xKind !== "log" || x > 0) && (yKind !== "log" || y.low > 0);
  const within = known.filter(({ x, y }) => fits(x, y));
  if (within.length === 0) return null;
  const xs = [...new Set(within.map(({ x }) => x))].sort((a, b) => a - b);
  const ys = within.flatMap(({ y }) => (choices.spread === "none" ? [y.mid] : [y.low, y.high]));
  if (choices.y === "ratio") ys.push(1);
  return {
    xs,
    fits,
    x: makeScale(xKind, xs[0], xs[xs.length - 1], AROUND.left, width - AROUND.right),
    y: makeScale(yKind, Math.min(...ys), Math.max(...ys), height - AROUND.bottom, AROUND.top),
  };
}

/** Grid, ticks and the names of both axes. */
function frame(page, choices, { x, y, xs }, width, height) {
  const run = RUNS[choices.x];
  const rise = RISES[choices.y];
  const [right, bottom] = [width - AROUND.right, height - AROUND.bottom];
  const xText = run ? tick(run.text) : (value) => String(value);
  const xTicks = run ? roundTicks(x) : valueTicks(xs, x, 12 + 7 * Math.max(...xs.map((value) => xText(value).length)));
  const group = shape("g", { class: "frame", "aria-hidden": "true" });
  for (const value of xTicks) {
    const at = x.at(value).toFixed(1);
    group.append(
      shape("line", { x1: at, x2: at, y1: AROUND.top, y2: bottom }),
      shape("text", { x: at, y: bottom + 16, "text-anchor": "middle" }, xText(value)),
    );
  }
  for (const value of roundTicks(y)) {
    const at = y.at(value).toFixed(1);
    group.append(
      shape("line", { x1: AROUND.left, x2: right, y1: at, y2: at }),
      shape("text", { x: AROUND.left - 7, y: Number(at) + 4, "text-anchor": "end" }, tick(rise.text)(value)),
    );
  }
  if (choices.y === "ratio")
    group.append(shape("line", { class: "one", x1: AROUND.left, x2: right, y1: y.at(1), y2: y.at(1) }));
  const xName = run ? run.name : page.dimensions.find(({ key }) => key === choices.x).name;
  const yName = rise.name + (choices.y === "ratio" ? ` ${choices.baseline}` : "");
  group.append(
    shape("text", { class: "name", x: (AROUND.left + right) / 2, y: height - 8, "text-anchor": "middle" }, xName),
    shape(
      "text",
      { class: "name", transform: `translate(12 ${(AROUND.top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" },
      yName,
    ),
  );
  return group;
}

/** A line with its intervals and markers, broken where a case has no value. */
function series(look, placed, { x, y }, choices) {
  const crowded = new Set(placed.filter(Boolean).map((point) => point.x)).size < placed.filter(Boolean).length;
  const parts = [];
  for (const run of unbroken(placed)) {
    if (choices.spread === "band" && run.length > 1 && !crowded) {
      const edge = [...run.map((p) => [p.px, y.at(p.y.high)]), ...[...run].reverse().map((p) => [p.px, y.at(p.y.low)])];
      parts.push(
        shape("polygon", {
          points: edge.map((at) => at.map((n) => n.toFixed(1)).join(",")).join(" "),
          fill: look.colour,
          opacity: 0.22,
        }),
      );
    } else if (choices.spread !== "none") {
      parts.push(
        ...run.map((p) =>
          shape("line", {
            x1: p.px,
            x2: p.px,
            y1: y.at(p.y.low),
            y2: y.at(p.y.high),
            stroke: look.colour,
            "stroke-width": 2.5,
            opacity: 0.5,
          }),
        ),
      );
    }
    if (!crowded && run.length > 1)
      parts.push(
        line(
          look,
          run.map((p) => [p.px, p.py]),
        ),
      );
    parts.push(...run.map((p) => marker(look, p.px, p.py)));
  }
  return parts;
}

function unbroken(placed) {
  const runs = [[]];
  for (const point of placed) point ? runs[runs.length - 1].push(point) : runs.push([]);
  return runs.filter((run) => run.length > 0);
}
