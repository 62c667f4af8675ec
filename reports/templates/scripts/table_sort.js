// Tables sorted by a column: each heading becomes a button, which sorts up, then down, then as it was.

const COLLATOR = new Intl.Collator("en", { numeric: true });
const DIRECTIONS = { none: "ascending", ascending: "descending", descending: "none" };

/** Make a table sortable. keys: by a heading's `data-key`, what a row is sorted by there, a number or null. */
function makeSortable(rows, keys = {}) {
  const { table, all } = rows;
  const headings = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  headings.forEach((heading, column) => {
    const key = keys[heading.dataset.key] ?? ((row) => cellKey(row.cells[column], heading.classList.contains("n")));
    const button = element("button", { type: "button", class: "sort" }, ...heading.childNodes);
    button.addEventListener("click", () => {
      const direction = DIRECTIONS[heading.getAttribute("aria-sort") ?? "none"];
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      if (direction !== "none") heading.setAttribute("aria-sort", direction);
      table.classList.toggle("sorted", direction !== "none");
      rows.sort(direction === "none" ? all : inOrder(all, key, direction));
    });
    heading.append(button);
  });
}

/** Stable; rows without a key come last, whichever the direction. */
function inOrder(rows, key, direction) {
  const sign = direction === "ascending" ? 1 : -1;
  const keyed = rows.map((row) => [key(row), row]);
  const compared = ([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (typeof a === "number" ? a - b : COLLATOR.compare(a, b));
  };
  return keyed.sort(compared).map(([, row]) => row);
}

/** What a cell is sorted by; null where it is empty, or stands for several columns. */
function cellKey(cell, isNumber) {
  if (!cell || cell.dataset.span || cell.colSpan > 1) return null;
  const text = cell.textContent.trim();
  if (isNumber) return numberIn(text);
  return text === "" ? null : text;
}
