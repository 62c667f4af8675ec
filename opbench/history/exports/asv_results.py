"""A history as asv's results: `machine.json` and a file a commit and environment for each machine, `benchmarks.json`.

A benchmark is an operator with one backend and setting, its one parameter `axes` the points. asv 0.6 reads it; its
layout version 2 is documented at asv.readthedocs.io ("JSON schema"). `asv publish` wants whole commits, which only a
repository at hand can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from opbench.errors import UsageError
from opbench.history.commits import DIGITS
from opbench.history.exports.grouped import Group, GroupedCase

VERSION = 2
MACHINE_VERSION = 1

COLUMNS = ("result", "params", "version", "started_at", "duration", "stats_q_25", "stats_q_75", "stats_repeat")

_UNSAFE = re.compile(r"\W+")


def files(groups: Sequence[Group]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Where each file goes below asv's folder of results, and what it holds. Changed checkouts are left out: asv has no
    place for them. Raises UsageError where two cases would be one benchmark and parameter there.
    """
    clean = [group for group in groups if not group.dirty]
    axes = _axes(clean)
    _refuse_clashes(clean)
    yield Path("benchmarks.json"), {"version": VERSION} | {name: _benchmark(name, all_) for name, all_ in axes.items()}
    for machine in sorted({group.machine for group in clean}):
        own = [group for group in clean if group.machine == machine]
        yield Path(machine) / "machine.json", {**_machine(own[-1]), "version": MACHINE_VERSION}
        for group in own:
            yield Path(machine) / f"{group.commit[:DIGITS]}-{_environment(group)}.json", _results(group, axes)


def _name(case: GroupedCase) -> str:
    """`rowsum.time_eager_float32_cpu_forward_wall`: asv tells by `time` that these are seconds."""
    setting = "_".join(filter(None, (_UNSAFE.sub("_", word) for word in case.setting)))
    operator = ".".join(_UNSAFE.sub("_", part).strip("_") for part in case.operator.split("::"))
    return f"{operator}.time_{setting}" if setting else f"{operator}.time"


def _axes(groups: Sequence[Group]) -> dict[str, list[str]]:
    """By benchmark, all its points in the order they came."""
    found: dict[str, dict[str, None]] = {}
    for group in groups:
        for case in group.cases:
            found.setdefault(_name(case), {}).setdefault(_point(case))
    return {name: list(points) for name, points in sorted(found.items())}


def _refuse_clashes(groups: Sequence[Group]) -> None:
    known: dict[tuple[str, str], str] = {}
    for group in groups:
        for case in group.cases:
            place = _name(case), _point(case)
            if known.setdefault(place, case.case) != case.case:
                raise UsageError(
                    f"{known[place]} and {case.case} would both be {' '.join(place)} in asv's results; declare one an "
                    "alias of the other, or use --format pytest-benchmark, which keeps names"
                )


def _point(case: GroupedCase) -> str:
    """asv shows a parameter by its `repr`."""
    return repr(", ".join(f"{name}={value}" for name, value in case.axes.items()))


def _benchmark(name: str, points: Sequence[str]) -> dict[str, Any]:
    return {
        "code": "",
        "name": name,
        "param_names": ["axes"],
        "params": [list(points)],
        "timeout": 60.0,
        "type": "time",
        "unit": "seconds",
        "version": "1",
    }


def _machine(group: Group) -> dict[str, str]:
    facts = group.facts
    return {
        "arch": str(facts.get("architecture", "")),
        "cpu": str(facts.get("device_name") or facts.get("cpu") or ""),
        "machine": group.machine,
        "num_cpu": str(facts.get("cores", "")),
        "os": str(facts.get("os", "")),
        "ram": "",
    }


def _environment(group: Group) -> str:
    return f"opbench-{group.environment}"


def _results(group: Group, axes: Mapping[str, list[str]]) -> dict[str, Any]:
    of_benchmark: dict[str, dict[str, GroupedCase]] = {}
    for case in group.cases:
        of_benchmark.setdefault(_name(case), {})[_point(case)] = case
    python = str(group.facts.get("python", ""))
    milliseconds = 0 if group.time is None else round(1000 * group.time.timestamp())
    return {
        "commit_hash": group.commit,
        "env_name": _environment(group),
        "date": milliseconds,
        "params": {**_machine(group), "python": python},
        "python": python,
        "requirements": {
            name.removeprefix("versions."): str(version)
            for name, version in group.facts.items()
            if name.startswith("versions.")
        },
        "env_vars": {},
        "result_columns": list(COLUMNS),
        "results": {name: _entry(axes[name], points) for name, points in of_benchmark.items()},
        "durations": {},
        "version": VERSION,
    }


def _entry(points: Sequence[str], measured: Mapping[str, GroupedCase]) -> list[Any]:
    """The columns of one benchmark; null where a point was not measured."""
    cases = [measured.get(point) for point in points]
    begun = [case.started for case in cases if case and case.started]
    return [
        [case.median_s if case else None for case in cases],
        [list(points)],
        "1",
        round(1000 * min(begun).timestamp()) if begun else None,
        None,
        [case.low_s if case else None for case in cases],
        [case.high_s if case else None for case in cases],
        [case.samples if case else None for case in cases],
    ]
