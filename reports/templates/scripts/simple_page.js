// A page without records: its tables are sorted and searched, and filtered by the column that has the facet.

const bar = document.getElementById("filters");
const tables = [...document.querySelectorAll("table.sortable")];
startTables(tables);

function startTables(all) {
  const rows = all.flatMap((table) => [...table.tBodies[0].rows]);
  const textOf = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const selection = new Selection();
  const values = [...new Set(rows.map((row) => row.dataset.facet).filter((value) => value !== undefined))];
  const facets = [{ key: "facet", name: bar.dataset.facet, values }].filter((facet) => facet.values.length > 1);
  all.forEach((table) => makeSortable(table));
  const tell = fillFilterBar(bar, selection, facets, all.length ? [columnMenu(all)] : []);
  selection.follow(() => {
    for (const row of rows)
      row.hidden = !selection.shows("facet", row.dataset.facet) || !selection.finds(textOf.get(row));
    tell(rows.filter((row) => !row.hidden).length, rows.length);
  });
}
