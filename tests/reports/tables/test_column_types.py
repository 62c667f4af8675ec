"""Columns are those that pandas would have made, and none of them imports it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from reports.tables.column_types import TYPES, column, schema

from ...rows import rows

if TYPE_CHECKING:
    from ...commands import Interpreter

CELLS: dict[str, list[Any]] = {
    "string": ["a", None, "", "übel \U0001f600", 7, "a" * 300],
    "float64": [1.5, None, -0.0, math.inf, 3, math.nan],
    "boolean": [True, None, False, True, True, None],
    "Int64": [1, None, -(2**62), 0, 12, 2**53 + 1],
}


@rows("dtype", CELLS)
def test_a_column_is_what_pandas_makes_of_the_same_cells(dtype: str) -> None:
    for cells in (CELLS[dtype], [None], []):
        found = pa.table({"it": column(cells, dtype)}).replace_schema_metadata(schema({"it": dtype}).metadata)
        found.validate(full=True)
        wanted = pd.DataFrame({"it": cells}, dtype=object).astype({"it": dtype})
        pd.testing.assert_frame_equal(found.to_pandas(), wanted)
        assert found.schema.equals(pa.Table.from_pandas(wanted, preserve_index=False).schema)
    assert list(CELLS) == list(TYPES)


def test_a_report_is_made_without_pandas(interpreter: Interpreter) -> None:
    code = """
import sys
from opbench.running.reporting import loaded_reports
from reports.tables.table import Collected
from tests.reports.builders import record
table = Collected()
table.add(record())
table.artifacts()
loaded_reports()
print(sorted({"pandas", "pyarrow.compute"} & sys.modules.keys()))
"""
    run = interpreter.run(code)
    assert run.code == 0, run.stderr
    assert run.stdout.strip() == "[]"
