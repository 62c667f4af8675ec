"""A history on disk: a folder of Parquet files, one a run, that are written once, whole, and never changed.

So machines can write at once, and Git, a bucket or an artifact store can carry the folder: two copies are put together
by copying files. `records.jsonl` stays the truth; a file can be made again from its run. What is damaged, or of another
schema, is named by its file and left out, while the rest is read.
"""

from __future__ import annotations

import glob
import hashlib
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opbench.errors import MachineError, UsageError, first_line
from opbench.history.row import NAMES, SCHEMA, HistoryRow, arrow_schema
from opbench.store.files import write_whole

if TYPE_CHECKING:
    import pyarrow as pa

KEY = b"opbench.history"
"""Of a Parquet file's metadata: JSON with `schema`, `run` and `content`, a digest of what the rows say."""

SUFFIX = ".parquet"

DIGITS = 8
"""Of the digest of rows, in a file's name: two machines that are alike may begin a run in the same second."""

MAY_LACK = frozenset({"commit_time", "started"})
"""Columns that are null where nobody knew."""

_UNSAFE = re.compile(r"[^\w.+@-]+")


@dataclass(frozen=True)
class Added:
    """What adding a run came to. new: False where the very same rows were there already. lacks_times: those there have
    no times of commits, these have: they are as they were.
    """

    path: Path
    rows: int
    new: bool
    lacks_times: bool = False


@dataclass(frozen=True)
class History:
    """All rows that could be read, and a line for each file that could not. table: its columns are `NAMES`."""

    folder: Path
    table: pa.Table
    problems: tuple[str, ...]


def add(folder: Path, rows: Sequence[HistoryRow]) -> Added:
    """Write the rows of one run as a file of their own, named after run, machine and what the rows say.

    The same rows again change nothing. Raises UsageError for no rows, for rows of several runs or machines, and where
    the run is there with other rows; MachineError where the file cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    runs = {(row.run, row.machine) for row in rows}
    if len(runs) != 1:
        these = ", ".join(f"{run} on {machine}" for run, machine in sorted(runs)) or "nothing was measured in it"
        raise UsageError(f"a file has the rows of one run of one machine; these are of {len(runs)}: {these}")
    ((run, machine),) = runs
    told = _about(run, rows)
    named = f"{_UNSAFE.sub('--', run)}--{machine}"
    path = folder / f"{named}--{told['content'][:DIGITS]}{SUFFIX}"
    if path.exists():
        return _there_already(path, rows)
    _refuse_another(folder, named, rows)
    table = pa.Table.from_pylist([vars(row) for row in rows], schema=arrow_schema())
    sink = io.BytesIO()
    parquet.write_table(
        table.replace_schema_metadata({KEY: json.dumps(told)}), sink, compression="zstd", write_page_checksum=True
    )
    try:
        write_whole(path, sink.getbuffer())
    except OSError as exc:
        raise MachineError(f"cannot write {path}: {exc.strerror}; choose another --history") from exc
    return Added(path, len(rows), new=True)


def read(folder: Path) -> History:
    """Every row of the folder. Raises UsageError where there is no such folder, or no file in it."""
    import pyarrow as pa

    if not folder.is_dir():
        raise UsageError(f"no history at {folder}; begin one with `opbench history add RUN --history {folder}`")
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if not paths:
        raise UsageError(f"{folder} has no *{SUFFIX}; `opbench history add RUN --history {folder}` writes the first")
    tables, problems = [], []
    for path in paths:
        try:
            tables.append(_read_file(path))
        except UsageError as exc:
            problems.append(str(exc))
    empty = arrow_schema().empty_table()
    return History(folder, pa.concat_tables([empty, *tables]).unify_dictionaries(), tuple(problems))


def _read_file(path: Path) -> pa.Table:
    """Raises UsageError in one line: what the file is and what to do about it."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            told = _told(path, file.schema_arrow.metadata)
            if told["schema"] != SCHEMA:
                raise UsageError(
                    f"{path}: schema {told['schema']!r:.40}, this opbench reads {SCHEMA}; left out: use the opbench "
                    "that wrote it, or remove it and add its run again"
                )
            table = file.read()
        table.validate(full=True)  # else an index beyond its dictionary is found by whoever asks for that row
        if tuple(table.column_names) != NAMES:
            names = ", ".join(table.column_names)
            raise UsageError(f"{path}: its columns are {names:.200}; left out: remove it and add its run again")
        table = table.replace_schema_metadata(None).cast(arrow_schema())
        if wrong := _wrong(table):
            raise UsageError(f"{path}: {wrong}; left out: remove it and add its run again")
    except (OSError, ValueError, pa.ArrowException, RecursionError) as exc:
        raise UsageError(
            f"{path}: damaged or half-written ({first_line(exc):.120}); left out: remove it and add its run again"
        ) from exc
    return table


def _wrong(table: pa.Table) -> str:
    """What no row that was added here can have; "" where there is nothing of it."""
    import numpy as np

    lacking = [name for name in NAMES if name not in MAY_LACK and table[name].null_count]
    if lacking:
        return f"{lacking[0]} is missing in {table[lacking[0]].null_count} of its rows"
    figures = np.stack([table[name].to_numpy() for name in ("median_s", "low_s", "high_s")])
    return "" if ((figures > 0) & (figures < np.inf)).all() else "a latency that is not positive and finite"


def _told(path: Path, metadata: Any) -> dict[str, Any]:
    """What a file says of itself. Raises UsageError where it is no file of a history."""
    try:
        told = json.loads((metadata or {})[KEY])
        return {"schema": told["schema"], "content": told["content"]}
    except (KeyError, TypeError, ValueError) as exc:
        raise UsageError(f"{path}: no file of a history, its metadata lacks {KEY.decode()}; left out") from exc


def _about(run: str, rows: Sequence[HistoryRow]) -> dict[str, Any]:
    """The metadata of a file with these rows; the same whatever their order, and whether a repository was at hand."""
    lines = sorted(json.dumps(vars(row) | {"commit_time": None}, default=str) for row in rows)
    return {"schema": SCHEMA, "run": run, "content": hashlib.sha256("\n".join(lines).encode()).hexdigest()}


def _there_already(path: Path, rows: Sequence[HistoryRow]) -> Added:
    """Nothing new, where the whole file can be read."""
    try:
        table = _read_file(path)
    except UsageError as exc:
        raise UsageError(f"{path} is there and cannot be read, remove it and add the run again; {exc}") from exc
    times = table["commit_time"].null_count and any(row.commit_time for row in rows)
    return Added(path, len(rows), new=False, lacks_times=bool(times))


def _refuse_another(folder: Path, named: str, rows: Sequence[HistoryRow]) -> None:
    """Raises UsageError where the same run is there with other rows.

    It is the same where one of its rows was begun when one of these was: two machines that are alike may begin a run in
    one second.
    """
    begun = {(row.case, row.process, row.started) for row in rows}
    for path in sorted(folder.glob(f"{glob.escape(named)}--*{SUFFIX}")):
        try:
            table = _read_file(path)
        except UsageError as exc:
            raise UsageError(f"{path} is there and damaged, remove it and add the run again; {exc}") from exc
        there = zip(*(table[name].to_pylist() for name in ("case", "process", "started")), strict=True)
        if not begun.isdisjoint(there):
            raise UsageError(
                f"{path} has run {rows[0].run} already, with other rows: did the run go on since? Files of a history "
                "never change; remove that file to add the run anew"
            )
