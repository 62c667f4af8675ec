"""A history as files of pytest-benchmark's layout, one a commit, environment and machine: `opbench gate`,
`pytest-benchmark compare` and what else reads such files then has each case, a round a process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from opbench.gate.files.json_writer import LAYOUT
from opbench.gate.files.sample_statistics import statistics_of
from opbench.history.commits import DIGITS
from opbench.history.exports.grouped import Group, GroupedCase
from opbench.history.machine import name_of


def files(groups: Sequence[Group]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Where each file goes, `MACHINE/COMMIT-ENVIRONMENT.json`, and what it holds."""
    for group in groups:
        commit = group.commit[:DIGITS] + "-dirty" * group.dirty
        yield Path(group.machine) / f"{commit}-{group.environment}.json", _content(group)


def _content(group: Group) -> dict[str, Any]:
    time = None if group.time is None else group.time.isoformat()
    begun = [case.started for case in group.cases if case.started]
    return {
        "machine_info": _machine_info(group.machine, group.facts),
        "commit_info": {
            "id": group.commit,
            "time": time,
            "author_time": time,
            "dirty": group.dirty,
            "project": None,
            "branch": None,
        },
        "benchmarks": [_entry(case) for case in group.cases],
        "datetime": min(begun).isoformat() if begun else time,
        "version": LAYOUT,
    }


def _machine_info(machine: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    architecture = facts.get("architecture", "")
    return {
        "node": name_of(machine),
        "processor": "",
        "machine": architecture,
        "python_version": str(facts.get("python", "")),
        "system": str(facts.get("system") or facts.get("os", "")).partition("-")[0],
        "cpu": {
            "arch": architecture,
            "count": facts.get("cores"),
            "brand_raw": str(facts.get("device_name") or facts.get("cpu") or ""),
        },
    }


def _entry(case: GroupedCase) -> dict[str, Any]:
    params = {name: str(value) for name, value in case.axes.items()} or None
    return {
        "group": case.operator,
        "name": case.case.rpartition("::")[2],
        "fullname": case.case,
        "params": params,
        "param": "-".join(params.values()) if params else None,
        "extra_info": {},
        "options": {},
        "stats": statistics_of(case.medians_s, 1),
    }
