// A figure that a reader chooses the axes of. It is drawn from the page's records, anew for every choice.

/** Fill the explorer's section and have it follow the selection. */
function startExplorer(section, page, selection) {
  const operator = mostMeasured(page);
  if (operator === null) return;
  let choices = choicesFor(page, { operator });
  const controls = element("div", { class: "controls" });
  const legend = element("div", { class: "legend", role: "group", "aria-label": "Backends" });
  const plot = element("div", { class: "plot" });
  const note = element("p", { class: "note", "aria-live": "polite" });
  section.append(controls, element("figure", {}, element("div", { class: "plate" }, legend, plot)), note);
  section.hidden = false;

  const draw = () => {
    const lines = linesOf(page, choices, (record) => chosen(record, page, selection));
    legend.replaceChildren(...choices.backends.map((label) => legendEntry(page, selection, label)));
    const drawn = drawPlot(plot, page, choices, lines);
    followPointer(plot, drawn, (point) => reading(page, choices, point));
    note.textContent = remark(page, choices, drawn);
  };
  const change = (next) => {
    choices = next;
    const focused = [...controls.querySelectorAll("select")].indexOf(document.activeElement);
    controls.replaceChildren(...explorerControls(page, choices, change));
    controls.querySelectorAll("select")[focused]?.focus();
    draw();
  };
  controls.append(...explorerControls(page, choices, change));
  selection.follow(draw);
  new ResizeObserver(draw).observe(plot);
}

/** The operator with the most measured records; null where there is none with a place along any x. */
function mostMeasured(page) {
  const count = (name) => page.records.filter((record) => record.operator === name && record.mid !== null).length;
  const drawable = page.operators.filter((name) => count(name) > 0 && choicesFor(page, { operator: name }).x !== null);
  return drawable.reduce((best, name) => (best !== null && count(best) >= count(name) ? best : name), null);
}

function legendEntry(page, selection, label) {
  const shown = selection.shows("backend", label);
  const toggle = () => selection.set("backend", [label], !shown);
  const words = element("span", {}, label);
  return element(
    "button",
    { type: "button", "aria-pressed": String(shown), onclick: toggle },
    sampleOf(page.backends.get(label)),
    words,
  );
}

/** What the figure says in words, and what is not in it. */
function remark(page, choices, { lines, left }) {
  const count = lines.flat().length;
  const held = page.dimensions
    .filter(({ key }) => (choices.held.get(key) ?? ALL) !== ALL)
    .map(({ key, name }) => `${name}=${valueText(JSON.parse(choices.held.get(key)))}`);
  const at = held.length ? ` at ${held.join(", ")}` : "";
  const missing = left ? ` ${left} without a value or without a place on these scales.` : "";
  const how = "Point at one, or go there by arrow keys, to read it.";
  return `${several(count, "case")} of ${choices.operator}${at}, medians with their 95 % intervals.${missing} ${how}`;
}
