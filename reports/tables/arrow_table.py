"""The table of all values in Arrow: rows packed into columns, put together, and written as CSV and Parquet."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from reports.tables.column_types import column, schema
from reports.tables.record_columns import ColumnValues


def packed(rows: Sequence[ColumnValues], dtypes: Mapping[str, str]) -> pa.Table:
    """Make columns of the rows, missing where a row lacks the name. dtypes: by name, of `column_types.TYPES`."""
    return pa.table({name: column((row.get(name) for row in rows), dtype) for name, dtype in dtypes.items()})


def joined(tables: Sequence[pa.Table], dtypes: Mapping[str, str]) -> pa.Table:
    """Put tables below each other, their columns in the order of `dtypes` and of these types."""
    found = schema(dtypes)
    alike = [_as_in(found, rows) for rows in tables]
    whole = pa.concat_tables(alike, promote_options="permissive").select(list(dtypes))
    return whole.replace_schema_metadata(found.metadata)


def _as_in(found: pa.Schema, rows: pa.Table) -> pa.Table:
    """An axis of whole numbers so far may have a fraction among later rows. Casting imports what 0.2 s are for."""
    wanted = pa.schema([found.field(name) for name in rows.column_names])
    return rows if rows.schema.equals(wanted) else rows.cast(wanted)


def csv(table: pa.Table) -> bytes:
    """Write the table as CSV, texts quoted where they need it."""
    data = io.BytesIO()
    pyarrow.csv.write_csv(table, data, pyarrow.csv.WriteOptions(quoting_style="needed"))
    return data.getvalue()


def parquet(table: pa.Table) -> bytes:
    """Write the table as Parquet."""
    data = io.BytesIO()
    pyarrow.parquet.write_table(table, data)
    return data.getvalue()
