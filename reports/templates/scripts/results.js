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
  const rows = tables.flatMap(({ all }) => all);
  const recordOf = new Map(rows.map((row, i) => [row, page.records[i]]));
  const textOf = new Map(rows.map((row, i) => [row, `${page.records[i].operator} ${row.textContent}`.toLowerCase()]));
  const keys = Object.fromEntries(Object.entries(KEYS).map(([name, key]) => [name, (row) => key(recordOf.get(row))]));
  tables.forEach((table) => makeSortable(table, keys));
  const passes = (row) => chosen(recordOf.get(row), page, selection) && selection.finds(textOf.get(row));
  selection.follow(() => {
    for (const each of tables) {
      each.filter(passes);
      each.table.closest("details").hidden = each.left === 0;
    }
    tell(
      tables.reduce((sum, { left }) => sum + left, 0),
      rows.length,
    );
  });
}

/** Have whatever belongs to a backend or to an operator, in figures too, be hidden with it. */
function followOwners(selection) {
  const owned = [...document.querySelectorAll("[data-backend], [data-operator]")];
  const shown = (facet, value) => value === undefined || selection.shows(facet, value);
  selection.follow(() => {
    for (const part of owned) {
      const { backend, operator } = part.dataset;
      part.classList.toggle("off", !shown("backend", backend) || !shown("operator", operator));
    }
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
