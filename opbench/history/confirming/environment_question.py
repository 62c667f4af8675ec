"""The command that shows a change of the environment again: one case, the code of today, in both environments."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from opbench.environments.case_key import case_of_key
from opbench.measure.timing.clocks import DEFAULT

PREFIX = "versions."
"""Of facts that pip can make true again: the version of each package that is recorded."""


def compare_command(case: str, before: Mapping[str, Any], after: Mapping[str, Any], threads: int) -> str:
    """`opbench compare OPERATOR --with A --with B` as a shell takes it.

    before, after: facts of both environments. "" where something else than versions of packages differs, which pip
    cannot make, and for what is no case of a sweep by its device's usual clock.
    """
    found = case_of_key(case)
    differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if found is None or found.replica or not differing or not all(name.startswith(PREFIX) for name in differing):
        return ""
    point = found.point
    if point.clock != DEFAULT.get(point.device):
        return ""
    words = ["opbench", "compare", point.operator]
    words += [word for name, value in point.axes.items() for word in (f"--{name.replace('_', '-')}", _text(value))]
    words += ["--backend", found.backend, "--dtype", point.dtype, "--mode", point.mode, "--device", point.device]
    words += ["--threads", str(threads)]
    return shlex.join([*words, *(word for facts in (before, after) for word in ("--with", _packages(facts)))])


def _packages(facts: Mapping[str, Any]) -> str:
    """What pip is given: all versions that are recorded, without what a build of PyTorch adds behind `+`."""
    versions = {name.removeprefix(PREFIX): str(facts[name]) for name in sorted(facts) if name.startswith(PREFIX)}
    return " ".join(f"{name}=={version.partition('+')[0]}" for name, version in versions.items())


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
