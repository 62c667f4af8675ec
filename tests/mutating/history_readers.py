"""What reads a history: its files of rows, its aliases, other tools' results that become rows, alarms told before, and
what a bisection has measured.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from opbench.cli.plain import plain
from opbench.errors import UsageError
from opbench.history import aliases, files
from opbench.history.alarms import known
from opbench.history.alarms.alarm import Alarm
from opbench.history.alarms.found import Looking, alarms
from opbench.history.bisection.journal import FILE, Journal, Step
from opbench.history.bisection.walk import Mark
from opbench.history.exports import writing
from opbench.history.series import series_of
from opbench.history.sources import asv_results, benchmark_files
from opbench.history.sources.asked import Asked
from tests.mutating.reader import Reader
from tests.opbench.gate.stored_pairs import BENCHMARKS, synthetic, write_pair, write_plain
from tests.opbench.history.builders import history, line, table_of


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


def units(folder: Path) -> Path:
    """asv's list of benchmarks beside its results, which says in what these are."""
    results(folder)
    file = folder / "benchmarks.json"
    file.write_text(json.dumps({"s.time_a": {"unit": "seconds", "code": "x"}, "version": 2}))
    return file


def read_units(file: Path) -> None:
    """Of one file it is a refusal; of a folder the others are read all the same."""
    for found in asv_results.rows(file.parent, Asked()) or ():
        print(plain(str(found)) if isinstance(found, UsageError) else "", end="")
    read_results(file.parent / "m" / "dddddddd-e.json")


def ours(folder: Path) -> Path:
    """asv's list as an export writes it, without code."""
    file = folder / "benchmarks.json"
    file.write_text(json.dumps({"s.time_a": {"unit": "seconds", "code": ""}, "version": 2}))
    return file


def foreign(file: Path) -> None:
    """An export writes over its own files, and over nobody else's."""
    before = file.read_bytes()
    try:
        writing._refuse_foreign(file.parent)
    finally:
        assert file.read_bytes() == before


def plain_file(folder: Path) -> Path:
    return write_plain(folder, "head", 3, names=2)[0]


def read_plain(file: Path) -> None:
    for rows_of_one in benchmark_files.rows(file, Asked()) or ():
        assert not isinstance(rows_of_one, Exception), "one file alone raises"
        assert all(row.median_s > 0 for row in rows_of_one), "no latency"


def side(folder: Path) -> Path:
    """Of a run of the gate: a side's file, beside the other's."""
    return write_pair(folder, [synthetic(one.id, workers=3, rounds=4) for one in BENCHMARKS[:2]]).head


def read_side(file: Path) -> None:
    for rows_of_one in benchmark_files.rows(file.parent, Asked()) or ():
        assert not isinstance(rows_of_one, Exception), "one run alone raises"
        assert all(row.median_s > 0 for row in rows_of_one), "no latency"


def told(folder: Path) -> Path:
    """Two alarms as they were printed."""
    case = "rowsum/float32/cpu/forward/wall/batch=1/eager"
    one: dict[str, Any] = {"case": case, "machine": "ci@0a1b2c", "class": "code", "change": "slower", "beside": None}
    one["commits"] = {"before": "a" * 12, "first": "b" * 12, "last": "c" * 12}
    file = folder / "told.jsonl"
    file.write_text(json.dumps(one) + "\n" + json.dumps(one | {"class": "noise", "beside": "x"}) + "\n")
    return file


@lru_cache(maxsize=1)
def alarm() -> Alarm:
    """Of the same case and machine, at other commits."""
    (found,) = alarms(list(series_of(table_of(line([1e-3 + 1e-4 * (at > 15) for at in range(31)])))), Looking(0))
    return found


def read_told(file: Path) -> None:
    for one in known.read(file):
        assert not one.is_of(alarm())


QUESTION = {"case": "a/b"}


def bisected(folder: Path) -> Path:
    """A journal of three runs."""
    journal = Journal(folder, QUESTION)
    for head, mark, ratio in (("b" * 40, Mark.BAD, 1.2), ("c" * 40, Mark.GOOD, 1.0), ("d" * 40, Mark.SKIP, None)):
        low, high = (None, None) if ratio is None else (0.9 * ratio, 1.1 * ratio)
        journal.add(Step("a" * 40, head, mark, "pass", "why", ratio, low, high, 0.03, 1.0, "summary.md"))
    return folder / FILE


def read_bisected(file: Path) -> None:
    """Nothing is gone on from that no run of the gate leaves."""
    for step in Journal.of(file.parent, QUESTION).steps:
        assert step.mark is not Mark.BAD or step.ratio is not None
        assert step.ratio is None or 0 < step.ratio < float("inf")
        assert all(letter in "0123456789abcdef" for letter in step.base + step.head)


READERS = (
    Reader("history", rows, read_rows, share=40),
    Reader("history aliases", names, read_names, share=20),
    Reader("asv results", results, read_results, share=40),
    Reader("asv's units", units, read_units, share=15),
    Reader("an export of before", ours, foreign, share=10),
    Reader("history of pytest-benchmark", plain_file, read_plain, share=20),
    Reader("history of the gate", side, read_side, share=20),
    Reader("alarms told", told, read_told, share=20),
    Reader("bisection", bisected, read_bisected, share=20),
)
