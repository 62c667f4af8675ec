// A run's page: its filters, its explorer and its tables of results, which all follow one selection.

const bar = document.getElementById("filters");
const embedded = document.getElementById("records");
if (embedded) startPage(readRecords(embedded.textContent));
else fillFilterBar(bar, new Selection(), []);

function startPage(page) {
  const tables = [...document.querySelectorAll("table.results")].map((table) => new TableRows(table));
  const selection = new Selection();
  const facets = [
    { key: "operator", name: "Operator", values: page.operators },
    {
      key: "backend",
      name: "Backend",
      values: [...page.backends.keys()],
      mark: (label) => [sampleOf(page.backends.get(label))],
    },
    ...page.dimensions.map((each) => ({ ...each, text: valueText })),
  ].filter(({ values }) => values.length > 1);
  const tell = fillFilterBar(bar, selection, facets, [columnMenu(tables)]);
  followResults(tables, page, selection, tell);
  followOwners(selection);
  startExplorer(document.getElementById("explorer"), page, selection);
}
