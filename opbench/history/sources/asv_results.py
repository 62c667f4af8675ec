"""Results of airspeed velocity (asv): a folder `results/MACHINE/COMMIT-ENVIRONMENT.json`, or one of its files.

Of asv's layout version 2 (asv 0.5 and later; documented at asv.readthedocs.io, "Developer docs: JSON schema"). Only
benchmarks whose unit is seconds become rows; a parametrised one gives a row for each combination of its parameters.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from opbench.errors import UsageError
from opbench.history.machine import fitting
from opbench.history.row import NO_SETTING, HistoryRow
from opbench.history.sources.asked import Asked

VERSION = 2

TIMES = ("time", "timeraw")
"""How names of asv's benchmarks of seconds begin, where no `benchmarks.json` lies beside that says the unit."""


def rows(place: Path, asked: Asked) -> list[list[HistoryRow] | UsageError] | None:
    """A run for each file; None where it is no folder or file of asv's results. Raises UsageError for a bad file; one
    of a folder is given in its place.
    """
    if place.is_file():
        content = _content(place)
        return None if content is None else [list(_of_file(place, content, asked))]
    if not place.is_dir():
        return None
    skipped = {"machine.json", "benchmarks.json"}
    files = [path for path in sorted(place.glob("**/*.json")) if path.name not in skipped]
    found = [(path, content) for path in files if (content := _content(path)) is not None]
    return [_read(path, content, asked) for path, content in found] or None


def _read(path: Path, content: Mapping[str, Any], asked: Asked) -> list[HistoryRow] | UsageError:
    try:
        return list(_of_file(path, content, asked))
    except UsageError as exc:
        return exc


def _content(path: Path) -> dict[str, Any] | None:
    """What a file of results holds; None for any other file."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and {"commit_hash", "results"} <= content.keys() else None


def _of_file(path: Path, content: Mapping[str, Any], asked: Asked) -> Iterator[HistoryRow]:
    if content.get("version") != VERSION:
        raise UsageError(
            f"{path}: asv results of version {content.get('version')!r:.40}, this opbench reads {VERSION}: "
            "`asv update` rewrites older ones"
        )
    try:
        told = _circumstances(path, content, asked)
        columns = content["result_columns"]
        units = _units(path)
        for name, entry in content["results"].items():
            if entry is not None and _in_seconds(name, units):
                yield from _of_benchmark(name, dict(zip(columns, entry, strict=False)), told)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exc:
        raise UsageError(f"{path}: not asv's results as documented ({type(exc).__name__}: {exc!s:.120})") from exc


def _circumstances(path: Path, content: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    params = content["params"]
    environment = {
        "device_name": params.get("cpu", ""),
        "architecture": params.get("arch", ""),
        "cores": params.get("num_cpu", ""),
        "os": params.get("os", ""),
        "python": content.get("python", ""),
        "versions": content.get("requirements") or {},
        "variables": content.get("env_vars") or {},
    }
    named = replace(asked, machine=asked.machine or fitting(str(params["machine"])))
    made = datetime.fromtimestamp(content["date"] / 1000, UTC)  # of the commit, in milliseconds
    run = f"asv/{content['commit_hash'][:12]}-{content.get('env_name') or path.stem.partition('-')[2]}"
    return named.circumstances(environment) | named.commit(content["commit_hash"], made) | {"run": run}


def _units(path: Path) -> Mapping[str, str]:
    for folder in (path.parent, path.parent.parent):
        if (listed := folder / "benchmarks.json").is_file():
            try:
                benchmarks = json.loads(listed.read_bytes())
                return {name: one.get("unit", "") for name, one in benchmarks.items() if isinstance(one, dict)}
            except (OSError, ValueError, RecursionError, AttributeError) as exc:
                raise UsageError(
                    f"{listed} is not asv's list of benchmarks ({type(exc).__name__}: {exc!s:.120}); remove it, and "
                    "what is in seconds goes by the names"
                ) from exc
    return {}


def _in_seconds(name: str, units: Mapping[str, str]) -> bool:
    if name in units:
        return units[name] == "seconds"
    return name.rpartition(".")[2].split("_")[0] in TIMES


def _of_benchmark(name: str, entry: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[HistoryRow]:
    combinations = list(product(*(entry.get("params") or [])))
    results = entry["result"]
    if results is None:  # the benchmark failed as a whole
        return
    began = entry.get("started_at")
    started = datetime.fromtimestamp(began / 1000, UTC) if began else None
    for place, (values, median_s) in enumerate(zip(combinations, results, strict=True)):
        if median_s is not None and math.isfinite(median_s) and median_s > 0:  # null: failed; NaN: skipped
            low_s = _at(entry.get("stats_q_25"), place, median_s)
            high_s = _at(entry.get("stats_q_75"), place, median_s)
            taken = _taken(entry, place)
            yield _row(name, values, (float(median_s), low_s, high_s, taken), {**told, "started": started})


def _at(column: Sequence[float | None] | None, place: int, otherwise: float) -> float:
    value = column[place] if column else None
    return float(otherwise if value is None else value)


def _taken(entry: Mapping[str, Any], place: int) -> int:
    """How many samples there were: those kept, else asv's count of repeats, else one."""
    samples = (entry.get("samples") or [None] * (place + 1))[place]
    return len(samples) if samples else int(_at(entry.get("stats_repeat"), place, 1))


def _row(
    name: str, values: Sequence[str], figures: tuple[float, float, float, int], told: Mapping[str, Any]
) -> HistoryRow:
    median_s, low_s, high_s, samples = figures
    return HistoryRow(
        source="asv",
        case=f"{name}({', '.join(values)})" if values else name,
        operator=name,
        **NO_SETTING,
        axes=json.dumps({str(number): value for number, value in enumerate(values)}),
        process=0,
        median_s=median_s,
        low_s=low_s,
        high_s=high_s,
        samples=samples,
        contended=False,
        **told,
    )
