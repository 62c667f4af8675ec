// Columns that are hidden, by name, in all tables that have one of the name.

/** The names of the tables' columns, each once. */
function columnNames(tables) {
  return [...new Set(tables.flatMap(({ table }) => headingNames(table)))];
}

const headingNames = (table) => [...table.tHead.rows[0].cells].map((heading) => heading.textContent.trim());

/** Show all columns of the tables but those whose name is in `hidden`. */
function hideColumns(tables, hidden) {
  for (const { table, all } of tables) {
    const shown = headingNames(table).map((name) => !hidden.has(name));
    for (const row of [...table.tHead.rows, ...all]) hideCells(row, shown);
  }
}

function hideCells(row, shown) {
  let column = 0;
  for (const cell of row.cells) {
    // A cell that reaches over several columns reaches over those of them that are left.
    const span = Number(cell.dataset.span ?? cell.colSpan);
    const left = shown.slice(column, column + span).filter(Boolean).length;
    if (span > 1) {
      cell.dataset.span = span;
      cell.colSpan = Math.max(left, 1);
    }
    cell.hidden = span === 1 && left === 0;
    column += span;
  }
}
