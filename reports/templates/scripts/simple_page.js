// A page without records: its tables are sorted and searched, and filtered by the column that has the facet.

const bar = document.getElementById("filters");
startTables([...document.querySelectorAll("table.sortable")].map((table) => new TableRows(table)));

function startTables(tables) {
  const rows = tables.flatMap(({ all }) => all);
  const textOf = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const selection = new Selection();
  const values = [...new Set(rows.map((row) => row.dataset.facet).filter((value) => value !== undefined))];
  const facets = [{ key: "facet", name: bar.dataset.facet, values }].filter((facet) => facet.values.length > 1);
  tables.forEach((table) => makeSortable(table));
  const tell = fillFilterBar(bar, selection, facets, tables.length ? [columnMenu(tables)] : []);
  const passes = (row) => selection.shows("facet", row.dataset.facet) && selection.finds(textOf.get(row));
  selection.follow(() => {
    tables.forEach((table) => table.filter(passes));
    tell(
      tables.reduce((sum, { left }) => sum + left, 0),
      rows.length,
    );
  });
}
