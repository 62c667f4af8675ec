"""The cases that both interpreters time, in a file: each under the name that the gate knows it by."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from opbench.store.codec import point_from_json, point_to_json
from opbench.vocabulary.case import Case


def named(cases: Sequence[Case], name: Callable[[Case], str]) -> dict[str, Case]:
    """The cases by name; by their keys where two would have one name."""
    found = {name(case): case for case in cases}
    return found if len(found) == len(cases) else {case.key: case for case in cases}


def write_cases(path: Path, cases: Mapping[str, Case]) -> None:
    lines = [
        {"name": name, "point": point_to_json(case.point), "backend": case.backend, "replica": case.replica}
        for name, case in cases.items()
    ]
    path.write_text(json.dumps(lines), encoding="utf-8")


def read_cases(path: Path) -> dict[str, Case]:
    """By name, in the order written. Raises ValueError for a file that holds something else."""
    lines = json.loads(path.read_text(encoding="utf-8"))
    return {line["name"]: Case(point_from_json(line["point"]), line["backend"], line["replica"]) for line in lines}


def parameters(case: Case) -> dict[str, str]:
    """What the case is, by name, as text: its operator, axes, dtype, mode, device and backend."""
    point = case.point
    axes = {name: str(value) for name, value in point.axes.items()}
    rest = {"dtype": point.dtype, "mode": point.mode, "device": point.device, "backend": case.label}
    return {"operator": point.operator, **axes, **rest}
