// The bar of filters: words, a menu of values for each facet, how many rows are left, and the colours of the page.

/** Fill the bar. facets: `{ key, name, values, text(value), mark(value) }` each; menus: further ones, made already. */
function fillFilterBar(bar, selection, facets, menus = []) {
  const search = element("input", {
    type: "search",
    placeholder: "Find in tables",
    "aria-label": "Show only rows with these words",
    oninput: () => selection.find(search.value),
  });
  const count = element("output", { class: "count", "aria-live": "polite" });
  const showAll = () => {
    search.value = "";
    selection.reset();
  };
  const reset = element("button", { type: "button", hidden: true, onclick: showAll }, "Show all");
  bar.append(search, ...facets.map((facet) => facetMenu(selection, facet)), ...menus, count, reset, themeButton());
  bar.hidden = false;
  closeMenus(bar);
  selection.follow(() => (reset.hidden = !selection.narrowed));
  return (shown, all) => {
    count.textContent = shown === all ? several(all, "row") : `${shown} of ${several(all, "row")}`;
  };
}

function facetMenu(selection, { key, name, values, text = String, mark = () => [] }) {
  const boxes = new Map();
  const change = (value) => () => selection.set(key, [value], boxes.get(value).checked);
  for (const value of values) boxes.set(value, element("input", { type: "checkbox", onchange: change(value) }));
  const all = (shown) =>
    element("button", { type: "button", onclick: () => selection.set(key, values, shown) }, shown ? "All" : "None");
  const rows = values.map((value) =>
    element("label", {}, boxes.get(value), ...mark(value), element("span", {}, text(value))),
  );
  const left = element("small");
  selection.follow(() => {
    for (const [value, box] of boxes) box.checked = selection.shows(key, value);
    const hidden = selection.hidden(key);
    left.textContent = hidden ? ` ${values.length - hidden}/${values.length}` : "";
  });
  return menu([name, left], element("div", { class: "ends" }, all(true), all(false)), ...rows);
}

/** A menu that opens below its name; only one of them is open at a time. */
function menu(name, ...content) {
  return element(
    "details",
    { class: "menu", name: "menu" },
    element("summary", {}, ...name),
    element("div", {}, ...content),
  );
}

/** A menu of columns. */
function columnMenu(tables) {
  const hidden = new Set();
  const rows = columnNames(tables).map((name) => {
    const change = () => {
      box.checked ? hidden.delete(name) : hidden.add(name);
      hideColumns(tables, hidden);
    };
    const box = element("input", { type: "checkbox", checked: true, onchange: change });
    return element("label", {}, box, element("span", {}, name));
  });
  return menu(["Columns"], ...rows);
}

function closeMenus(bar) {
  const close = () => bar.querySelectorAll("details[open]").forEach((open) => (open.open = false));
  document.addEventListener("click", (event) => event.target.closest?.(".menu") || close());
  bar.addEventListener("keydown", (event) => {
    const open = bar.querySelector("details[open]");
    if (event.key !== "Escape" || !open) return;
    close();
    open.querySelector("summary").focus();
  });
}
