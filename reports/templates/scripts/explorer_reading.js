// Reading the explorer: the case under the pointer, or the one that the arrow keys came to, in words.

const NEAR = 28; // pixels from a point within which a pointer means it

/** Lines of text on a point: backend, place, latency with its interval, and what is up where that is something else. */
function reading(page, choices, { record, y }) {
  const time = `${seconds(record.mid)}, 95 % ${seconds(record.low)} to ${seconds(record.high)}`;
  const { name, text } = RISES[choices.y];
  const what = choices.y === "ratio" ? `${name} ${choices.baseline}` : name;
  const rise = `${what}: ${text(y.mid)}, 95 % ${text(y.low)} to ${text(y.high)}`;
  const dimensions = page.dimensions.filter(({ key }) => record.place.get(key) !== null);
  return [record.backend, placeText(record, dimensions), time, ...(choices.y === LATENCY ? [] : [rise])].filter(
    Boolean,
  );
}

/** Show beside a point of the plot what `words(point)` says, for the pointer and for arrow keys. */
function followPointer(place, { svg, lines }, words) {
  const ring = shape("circle", { class: "ring off", r: 7 });
  const box = element("div", { class: "reading", role: "status", hidden: true });
  svg.append(ring);
  place.append(box);
  let at = null; // [line, place on it]

  const show = (next) => {
    at = next;
    box.hidden = at === null;
    ring.classList.toggle("off", at === null);
    if (at === null) return;
    const point = lines[at[0]][at[1]];
    ring.setAttribute("cx", point.px);
    ring.setAttribute("cy", point.py);
    ring.setAttribute("stroke", point.look.colour);
    box.replaceChildren(...words(point).map((text, i) => element(i === 0 ? "strong" : "span", {}, text)));
    box.style.left = `${Math.max(0, Math.min(point.px + 12, place.clientWidth - box.offsetWidth))}px`;
    box.style.top = `${point.py > box.offsetHeight + 16 ? point.py - box.offsetHeight - 12 : point.py + 14}px`;
  };

  svg.addEventListener("pointermove", (event) => {
    const frame = svg.getBoundingClientRect();
    show(nearest(lines, event.clientX - frame.left, event.clientY - frame.top));
  });
  svg.addEventListener("pointerleave", () => show(null));
  svg.addEventListener("focus", () => at ?? show(lines.length ? [0, 0] : null));
  svg.addEventListener("blur", () => show(null));
  svg.addEventListener("keydown", (event) => {
    const next = lines.length ? step(lines, at ?? [0, 0], event.key) : null;
    if (next === null) return;
    event.preventDefault();
    show(next);
  });
  show(null);
}

/** The point nearest to a place in pixels; null where none is near. */
function nearest(lines, x, y) {
  let best = null;
  let least = NEAR;
  lines.forEach((points, i) =>
    points.forEach(({ px, py }, j) => {
      const distance = Math.hypot(px - x, py - y);
      if (distance < least) [least, best] = [distance, [i, j]];
    }),
  );
  return best;
}

/** Where an arrow key leads: along the line, or to the next line at the nearest x; null for other keys. */
function step(lines, [i, j], key) {
  if (key === "ArrowRight" || key === "ArrowLeft") {
    const next = j + (key === "ArrowRight" ? 1 : -1);
    return [i, Math.min(Math.max(next, 0), lines[i].length - 1)];
  }
  if (key !== "ArrowUp" && key !== "ArrowDown") return null;
  const other = (i + (key === "ArrowDown" ? 1 : lines.length - 1)) % lines.length;
  const far = ({ px }) => Math.abs(px - lines[i][j].px);
  const closest = lines[other].reduce((best, point, k) => (far(point) < far(lines[other][best]) ? k : best), 0);
  return [other, closest];
}
