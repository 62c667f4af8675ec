"""Which machine it was: the name it has, and what tells two machines of one name apart."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opbench.cache import content_digest
from opbench.errors import UsageError

GIB = 1 << 30

FACTS = ("device_name", "cpu", "cores", "architecture", "capability", "multiprocessors")
"""Of an environment, what its processor is. Libraries, drivers and settings come and go; the machine stays."""

DIGITS = 6

_NAME = re.compile(r"[\w.+-]{1,64}")
_UNFIT = re.compile(r"[^\w.+-]+")


@dataclass(frozen=True)
class Machine:
    """A name and the facts of its processor. id: `NAME@` and six hex digits of the facts, the same for the same."""

    name: str
    facts: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.name}@{content_digest(dict(self.facts))[:DIGITS]}"


def machine(environment: Mapping[str, Any], name: str = "") -> Machine:
    """The machine of this environment under `name`, else under the name of the machine that asks.

    Memory counts coarsely: kernels keep another few hundred MiB for themselves. Raises UsageError for a name that no
    file could have.
    """
    named = name or platform.node() or "unnamed"
    if not _NAME.fullmatch(named):
        raise UsageError(f"--machine {named!r:.80}; expected letters, digits, dots, dashes and underscores, 64 at most")
    facts = {key: environment[key] for key in FACTS if environment.get(key) not in (None, "")}
    for key in ("memory_bytes", "device_memory_bytes"):
        if isinstance(size := environment.get(key), int | float):
            facts[key.replace("_bytes", "_gib")] = _coarse(size)
    return Machine(named, facts)


def _coarse(size: float) -> int:
    """The next of 2, 3, 4, 6, 8, 12, 16, 24 ... GiB from this size on: edges lie at sizes that are sold, and a machine
    shows a little less than its own.
    """
    steps = (base << power for power in range(1, 60) for base in (2, 3))
    return next((step // 2 for step in steps if step * GIB >= 2 * size), 0)


def fitting(name: str) -> str:
    """The name with dashes for what no machine's name here may have: other tools allow more."""
    return _UNFIT.sub("-", name)[:64]


def name_of(machine_id: str) -> str:
    """The name in an id."""
    return machine_id.rpartition("@")[0]
