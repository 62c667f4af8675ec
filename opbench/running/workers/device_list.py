"""`--devices cuda:0,cuda:1` or `cpu:0-3,cpu:4-7`: devices of this host that share the points of a sweep."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from opbench.errors import UsageError
from opbench.store.lock import device_lock_name

_UNIT = re.compile(r"(cpu|cuda):([0-9]{1,4})(?:-([0-9]{1,4}))?")


@dataclass(frozen=True)
class DeviceUnit:
    """name: as it was given, `cuda:1` or `cpu:0-3`. cpus: the processors of `cpu`; empty for a GPU."""

    name: str
    cpus: frozenset[int] = frozenset()

    @property
    def kind(self) -> str:
        return self.name.partition(":")[0]

    def variables(self) -> dict[str, str]:
        """What a process that is to see this GPU alone has in its environment. Raises MachineError without one."""
        if self.kind == "cpu":
            return {}
        return {"CUDA_VISIBLE_DEVICES": device_lock_name(int(self.name.partition(":")[2]))}


def device_units(words: Sequence[str], usable: Iterable[int] | None = None) -> tuple[DeviceUnit, ...]:
    """The devices of these words. usable: the processors that there are, this process's where left out.

    Raises UsageError for a word that is none, devices of two kinds, and processors that two share or that are not here.
    """
    units = tuple(map(_unit, words))
    if len(kinds := {unit.kind for unit in units}) > 1:
        raise UsageError(
            f"--devices {','.join(words)} names {' and '.join(sorted(kinds))}; a sweep is of one of them: measure "
            "each, and merge the runs"
        )
    here = frozenset(os.sched_getaffinity(0) if usable is None else usable)
    taken: dict[int, str] = {}
    for unit in units:
        if absent := sorted(unit.cpus - here):
            raise UsageError(f"--devices: processor {absent[0]} of {unit.name} is not usable; there are: {_told(here)}")
        for cpu in sorted(unit.cpus):
            if cpu in taken:
                raise UsageError(f"--devices: {taken[cpu]} and {unit.name} share processor {cpu}; give each its own")
            taken[cpu] = unit.name
    if len({unit.name for unit in units}) < len(units):
        raise UsageError(f"--devices {','.join(words)} names a device twice; give each once")
    return units


def require_alike(units: Sequence[DeviceUnit], name_of: Callable[[int], str] | None = None) -> None:
    """Raises UsageError for GPUs of several kinds: which of them a point came to would be chance."""
    name_of = name_of or _name_of
    names = {unit.name: name_of(int(unit.name.partition(":")[2])) for unit in units if unit.kind == "cuda"}
    if len(set(names.values())) > 1:
        told = ", ".join(f"{unit} is {name}" for unit, name in names.items())
        raise UsageError(f"--devices: {told}; run the sweep on each kind, and merge the runs")


def _name_of(number: int) -> str:
    torch: Any = import_module("torch")
    return str(torch.cuda.get_device_properties(number).name)


def _unit(word: str) -> DeviceUnit:
    found = _UNIT.fullmatch(word)
    if found is None or (found[3] and (found[1] == "cuda" or int(found[3]) < int(found[2]))):
        raise UsageError(f"--devices: no device {word!r:.40}; expected such as cuda:0,cuda:1 or cpu:0-3,cpu:4-7")
    if found[1] == "cuda":
        return DeviceUnit(f"cuda:{int(found[2])}")
    return DeviceUnit(word, frozenset(range(int(found[2]), int(found[3] or found[2]) + 1)))


def _told(cpus: Iterable[int]) -> str:
    return ",".join(map(str, sorted(cpus)))
