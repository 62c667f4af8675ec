// Markers and dashes: those of the static figures, by matplotlib's names.

const DASHES = { "-": null, "--": "7 4", "-.": "8 3 2 3" };

const CORNERS = {
  s: [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ],
  "^": [
    [0, -1.2],
    [1.15, 0.9],
    [-1.15, 0.9],
  ],
  v: [
    [0, 1.2],
    [1.15, -0.9],
    [-1.15, -0.9],
  ],
  "<": [
    [-1.2, 0],
    [0.9, 1.15],
    [0.9, -1.15],
  ],
  ">": [
    [1.2, 0],
    [-0.9, 1.15],
    [-0.9, -1.15],
  ],
  D: [
    [0, -1.35],
    [1.35, 0],
    [0, 1.35],
    [-1.35, 0],
  ],
  P: [
    [-0.4, -1.2],
    [0.4, -1.2],
    [0.4, -0.4],
    [1.2, -0.4],
    [1.2, 0.4],
    [0.4, 0.4],
    [0.4, 1.2],
    [-0.4, 1.2],
    [-0.4, 0.4],
    [-1.2, 0.4],
    [-1.2, -0.4],
    [-0.4, -0.4],
  ],
  X: [
    [-0.6, -1.2],
    [0, -0.6],
    [0.6, -1.2],
    [1.2, -0.6],
    [0.6, 0],
    [1.2, 0.6],
    [0.6, 1.2],
    [0, 0.6],
    [-0.6, 1.2],
    [-1.2, 0.6],
    [-0.6, 0],
    [-1.2, -0.6],
  ],
};

/** A marker of a series at a place in pixels. A marker that is not known is a circle. */
function marker({ colour, marker: kind }, x, y, size = 3.6) {
  const corners = CORNERS[kind];
  if (!corners) return shape("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: size, fill: colour });
  const points = corners.map(([dx, dy]) => `${(x + size * dx).toFixed(1)},${(y + size * dy).toFixed(1)}`);
  return shape("polygon", { points: points.join(" "), fill: colour });
}

function line(look, places) {
  const points = places.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  return shape("polyline", {
    points,
    fill: "none",
    stroke: look.colour,
    "stroke-width": 1.8,
    "stroke-dasharray": DASHES[look.dash] ?? null,
  });
}

/** A sample of a series for legends and menus. */
function sampleOf(look) {
  return shape(
    "svg",
    { class: "sample", viewBox: "0 0 26 12", "aria-hidden": "true" },
    line(look, [
      [1, 6],
      [25, 6],
    ]),
    marker(look, 13, 6),
  );
}
