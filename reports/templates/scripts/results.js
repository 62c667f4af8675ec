// The tables of results: which rows are shown, and what they are sorted by.

const KEYS = {
  mid: ({ mid }) => mid,
  interval: ({ low, high, mid }) => (mid === null ? null : (low + high) / 2),
  flops: ({ flops, mid }) => rate(flops, mid),
  bytes: ({ bytes, mid }) => rate(bytes, mid),
  limit: ({ limit, mid }) => rate(limit, mid),
};

/** `amount` a second of `mid`; null where one of them is. */
const rate = (amount, mid) => (amount === null || mid === null ? null : amount / mid);

/** Make the tables of results sortable, and have their rows and the rest of the page follow the selection. */
function followResults(tables, page, selection, tell) {
  const rows = tables.flatMap((table) => [...table.tBodies[0].rows]);
  const recordOf = new Map(rows.map((row, i) => [row, page.records[i]]));
  const textOf = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const keys = Object.fromEntries(Object.entries(KEYS).map(([name, key]) => [name, (row) => key(recordOf.get(row))]));
  tables.forEach((table) => makeSortable(table, keys));
  const owned = [...document.querySelectorAll("[data-backend], [data-operator]")];
  selection.follow(() => {
    const passes = (row) =>
      chosen(recordOf.get(row), page, selection) &&
      selection.finds(textOf.get(row) + recordOf.get(row).operator.toLowerCase());
    let shown = 0;
    for (const row of rows) {
      row.hidden = !passes(row);
      shown += !row.hidden;
    }
    for (const table of tables) {
      table.closest("details").hidden = selection.narrowed && ![...table.tBodies[0].rows].some((row) => !row.hidden);
    }
    for (const part of owned) {
      const { backend, operator } = part.dataset;
      const off =
        (backend !== undefined && !selection.shows("backend", backend)) ||
        (operator !== undefined && !selection.shows("operator", operator));
      part.classList.toggle("off", off);
    }
    tell(shown, rows.length);
  });
}

/** Whether the menus let a record be seen. */
function chosen(record, page, selection) {
  return (
    selection.shows("backend", record.backend) &&
    selection.shows("operator", record.operator) &&
    page.dimensions.every(({ key }) => record.place.get(key) === null || selection.shows(key, record.place.get(key)))
  );
}
