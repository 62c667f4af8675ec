"""Files of pytest-benchmark's layout: what pytest-benchmark wrote, and what `opbench gate` did, whose entries also say
which process took which samples.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opbench.environments.case_key import case_of_key
from opbench.errors import UsageError
from opbench.gate.benchmark import Benchmark
from opbench.gate.files.json_reader import Entry, StoredFile, read_file
from opbench.gate.files.machine_info import comparable_info
from opbench.history.row import NO_SETTING, HistoryRow, quartiles
from opbench.history.sources.asked import Asked, moment

SIDES = ("base.json", "head.json")
"""The files of a run of the gate."""


def rows(place: Path, asked: Asked) -> list[list[HistoryRow] | UsageError] | None:
    """Of one file, or of both sides of a gate's folder; None where it is neither.

    Of the gate a row is a worker's; of pytest-benchmark a row is its whole process. Benchmarks whose samples were not
    stored have none. Raises UsageError as `read_file`, and for a file without a commit.
    """
    if place.is_file() and place.suffix == ".json" and _has_benchmarks(place):
        return [list(_of_file(place, f"pytest-benchmark/{_digest(place)}", asked))]
    if all((place / side).is_file() for side in SIDES):
        name = "/".join(place.resolve().parts[-2:])
        return [[row for side in SIDES for row in _of_file(place / side, name, asked)]]
    return None


def _has_benchmarks(place: Path) -> bool:
    """Only this layout and Google Benchmark's have such a list; what is not JSON at all, its reader names."""
    try:
        content = json.loads(place.read_bytes())
    except (OSError, ValueError, RecursionError):
        return True
    return isinstance(content, dict) and "benchmarks" in content


def _digest(path: Path) -> str:
    """Of the content: a CI calls every such file `benchmark.json`."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as exc:
        raise UsageError(f"cannot read {path}: {exc.strerror}") from exc


def _of_file(path: Path, run: str, asked: Asked) -> Iterator[HistoryRow]:
    stored = read_file(path)
    revision = stored.origin.revision if stored.origin else _revision(path, stored.commit)
    if not isinstance(revision, str):
        raise UsageError(f"{path}: its commit is {revision!r:.40}, and no text; run the gate again")
    told = asked.commit(revision, moment(stored.commit.get("time")))
    told |= asked.circumstances(stored.origin.environment if stored.origin else _environment(stored))
    for entry in stored.entries.values():
        for process, started, samples_s in _processes(entry, stored.written):
            yield _row(entry, samples_s, told | {"run": run, "process": process, "started": started})


def _revision(path: Path, commit: Mapping[str, Any]) -> str:
    if not isinstance(name := commit.get("id"), str) or name in {"", "unknown"}:
        raise UsageError(f"{path} names no commit (commit_info.id is {name!r}): run pytest-benchmark in a repository")
    return f"{name}+dirty" if commit.get("dirty") else name


def _environment(stored: StoredFile) -> dict[str, Any]:
    """What pytest-benchmark says of its machine, under the names that records have."""
    info = comparable_info(stored.machine_info)
    return {**info, "device_name": info.pop("cpu", "")}


def _processes(entry: Entry, written: datetime | None) -> Iterator[tuple[int, datetime | None, Sequence[float]]]:
    """Number, beginning and samples of each process that measured the benchmark."""
    if not entry.stages:
        if entry.problem is None and entry.samples_s:
            yield 0, written, entry.samples_s
        return
    of_worker: dict[int, list[float]] = {}
    began: dict[int, float] = {}
    for slices in entry.stages.values():
        for one in slices:
            of_worker.setdefault(one.worker, []).extend(one.samples_s)
            began[one.worker] = min(one.at_s, began.get(one.worker, one.at_s))
    for worker, samples_s in sorted(of_worker.items()):
        yield worker, datetime.fromtimestamp(began[worker], UTC), samples_s


def _parts(benchmark: Benchmark) -> dict[str, Any]:
    """The columns of what the benchmark is: a test, or a case that the gate measured in the place of one."""
    if (case := case_of_key(benchmark.id)) is None:
        name = benchmark.id.partition("[")[0]
        return {"operator": name, **NO_SETTING, "axes": json.dumps(dict(benchmark.params or {}))}
    point = case.point
    return {
        "operator": point.operator,
        "backend": case.label,
        "dtype": point.dtype,
        "device": point.device,
        "mode": point.mode,
        "clock": point.clock,
        "axes": json.dumps(dict(point.axes)),
    }


def _row(entry: Entry, samples_s: Sequence[float], told: dict[str, Any]) -> HistoryRow:
    median_s, low_s, high_s = quartiles(samples_s)
    return HistoryRow(
        source="gate" if entry.stages else "pytest-benchmark",
        case=entry.benchmark.id,
        **_parts(entry.benchmark),
        median_s=median_s,
        low_s=low_s,
        high_s=high_s,
        samples=len(samples_s),
        contended=False,
        **told,
    )
