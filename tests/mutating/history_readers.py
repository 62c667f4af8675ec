"""What reads a history: its files of rows, its aliases, and other tools' results that become rows."""

from __future__ import annotations

import json
from pathlib import Path

from opbench.cli.plain import plain
from opbench.history import aliases, files
from opbench.history.series import series_of
from opbench.history.sources import asv_results
from opbench.history.sources.asked import Asked
from tests.mutating.reader import Reader
from tests.opbench.history.builders import history, line


def rows(folder: Path) -> Path:
    (file,) = history(folder / "history", line([1e-3 + 1e-6 * at for at in range(11)], run="all")).iterdir()
    return file


def read_rows(file: Path) -> None:
    """All of the file's rows, or a line that says why there is none of them."""
    found = files.read(file.parent)
    print(*map(plain, found.problems), end="")  # as the commands do
    assert found.table.num_rows == (0 if found.problems else 11), "rows were lost"
    for series in series_of(found.table):
        assert len(series.steps) <= len(series)


def names(folder: Path) -> Path:
    file = folder / aliases.FILE
    file.write_text('[cases]\n"old" = "new"\n"older" = "old"\n[machines]\n"a@0" = "b@0"\n')
    return file


def read_names(file: Path) -> None:
    found = aliases.read(file.parent)
    assert not set(found.cases) & set(found.cases.values()), "an alias that leads to another"


def results(folder: Path) -> Path:
    content = {
        "commit_hash": "d" * 40,
        "env_name": "e",
        "date": 1767225600000,
        "params": {"arch": "x86_64", "cpu": "EPYC", "machine": "m", "num_cpu": "2", "os": "Linux"},
        "python": "3.12",
        "requirements": {},
        "env_vars": {},
        "result_columns": ["result", "params", "version", "started_at", "stats_q_25", "stats_q_75"],
        "results": {"s.time_a": [[1.0, None], [["1", "2"]], "v", 1767225600000, [0.9, None], [1.1, None]]},
        "version": 2,
    }
    file = folder / "m" / "dddddddd-e.json"
    file.parent.mkdir()
    file.write_text(json.dumps(content))
    return file


def read_results(file: Path) -> None:
    for found in asv_results.rows(file, Asked()) or ():
        assert not isinstance(found, Exception), "one file alone raises"
        assert all(row.median_s > 0 for row in found), "no latency"


READERS = (
    Reader("history", rows, read_rows, share=40),
    Reader("history aliases", names, read_names, share=20),
    Reader("asv results", results, read_results, share=40),
)
