"""From a sweep to its tasks, made one at a time while they are measured: a million cases begin at once.

What can be wrong in a name or a value is found when the plan is made. Grids are cross products, so a point that an
earlier grid has is known by looking at that grid's values, and totals are products; neither takes a list of points.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from opbench import catalog
from opbench.errors import UsageError
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.block import Block, uncovered
from opbench.vocabulary.case import Case, Point
from opbench.vocabulary.record import Unavailable
from opbench.vocabulary.sweep import Every, Grid, Sweep

SOME = 512
"""Tasks that stand for a whole plan where its duration is estimated."""


@dataclass(frozen=True)
class Task:
    """All cases of one point, measured together; `skip` is the sweep's reason not to."""

    point: Point
    cases: tuple[Case, ...]
    skip: str | None = None


@dataclass(frozen=True)
class Planned:
    """The points of one operator in one grid, and its backends with their replicas."""

    block: Block
    grid: Grid
    backends: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Plan:
    """Every point of a sweep with its cases, each case once. Iterating makes the tasks anew."""

    parts: tuple[Planned, ...]

    def __iter__(self) -> Iterator[Task]:
        return self.left(frozenset())

    def left(self, done: AbstractSet[str]) -> Iterator[Task]:
        """The tasks without the cases whose keys are `done`; a task without any is left out."""
        for number, part in enumerate(self.parts):
            before = [earlier.block for earlier in self.parts[:number] if earlier.block.meets(part.block)]
            for point in part.block.points():
                if not any(earlier.has(point) for earlier in before) and (task := _left(point, part, done)):
                    yield task

    def __len__(self) -> int:
        """How many tasks there are."""
        return sum(self._sizes())

    @property
    def cases(self) -> int:
        return sum(size * len(part.backends) for size, part in zip(self._sizes(), self.parts, strict=True))

    def _sizes(self) -> list[int]:
        """Points of each part that no part before it has."""
        blocks = [part.block for part in self.parts]
        return [uncovered(block, blocks[:number]) for number, block in enumerate(blocks)]

    def some(self) -> Iterator[Task]:
        """Up to SOME tasks in all, of each part as large a share as it has of the plan, evenly taken."""
        sizes = [len(part.block) for part in self.parts]
        for size, part in zip(sizes, self.parts, strict=True):
            count = min(size, max(1, SOME * size // max(1, sum(sizes))))
            for number in range(count):
                if task := _left(part.block.point(number * size // count), part, frozenset()):
                    yield task

    @property
    def operators(self) -> list[str]:
        return list(dict.fromkeys(part.block.operator for part in self.parts))

    @property
    def backends(self) -> set[str]:
        """Names that are asked for, schedules included."""
        return {name for part in self.parts for name, _ in part.backends}


def plan(sweep: Sweep, device: str, clock: str) -> Plan:
    """Every point of the sweep with its cases, each case once.

    Raises UsageError for an unknown operator, axis, backend or value, before anything is measured.
    """
    grids = [grid for grid in sweep.grids if grid.device in {"", device}]
    return Plan(tuple(part for grid in grids for part in _parts(grid, device, clock)))


def _parts(grid: Grid, device: str, clock: str) -> Iterator[Planned]:
    for name in dict.fromkeys(grid.operators):
        block = Block.of(grid, catalog.operator(name), device, clock)
        if len(block) and (backends := _backends_of(grid, name, device)):
            yield Planned(block, grid, backends)


def _left(point: Point, part: Planned, done: AbstractSet[str]) -> Task | None:
    every = [Case(point, name, replica) for name, replica in part.backends]
    start = point.key  # of which each case's key would be made anew
    cases = tuple(case for case in every if f"{start}/{case.label}" not in done) if done else tuple(every)
    return Task(point, cases, part.grid.skip(point) or _impossible(point)) if cases else None


def _impossible(point: Point) -> str | None:
    """Why the operator has no such point, where single axes are right but not together."""
    try:
        catalog.operator(point.operator).sizes(point.axes)
    except UsageError as exc:
        return str(exc)
    return None


def _backends_of(grid: Grid, operator: str, device: str) -> tuple[tuple[str, int], ...]:
    """A backend listed twice gets replicas; one the operator lacks is an error only when none of the grid's operators
    has it.
    """
    known = catalog.backend_names(operator)
    elsewhere = {name for other in grid.operators for name in catalog.backend_names(other)}
    unasked = {*elsewhere_only(operator, device), *by_name_only(operator)}
    usual = tuple(name for name in known if name not in unasked)
    wanted = _named(grid.backends, operator, usual) if grid.backends else usual
    for name in wanted:
        stem, _, schedule = name.partition(":")
        if stem not in elsewhere or (schedule and stem in known):
            catalog.backend(operator, name)  # raises, naming those that exist
    seen = itertools.groupby(sorted(name for name in wanted if name.partition(":")[0] in known))
    return tuple((name, replica) for name, same in seen for replica, _ in enumerate(same))


def _named(asked: tuple[str | Every, ...], operator: str, usual: tuple[str, ...]) -> tuple[str, ...]:
    """What a grid asks for by name, with the names of the usual backends in place of every `Every`.

    One that cannot be looked into, because its library is not installed, stays: its record says what is missing.
    """
    named = [asked_for for asked_for in asked if isinstance(asked_for, str)]
    for every in (asked_for for asked_for in asked if isinstance(asked_for, Every)):
        suffix = f":{every.schedule}" if every.schedule else ""
        entries = {name: catalog.backend(operator, name) for name in usual}
        names = [f"{name}{suffix}" for name, entry in entries.items() if _is_of(entry, every)]
        named += [name for name in names if name not in named]
    return tuple(named)


def _is_of(entry: Backend | Unavailable, every: Every) -> bool:
    if isinstance(entry, Unavailable):
        return True
    return entry.kind == every.kind and (not every.schedule or every.schedule in entry.schedules)


@lru_cache(maxsize=64)
def elsewhere_only(operator: str, device: str) -> tuple[str, ...]:
    """Backends of the operator that have no kernels for this device, whatever is installed.

    A sweep that names no backends leaves them out; one that names them records them as Unavailable.
    """
    return tuple(name for name, one in _backends(operator) if device not in one.devices)


@lru_cache(maxsize=64)
def by_name_only(operator: str) -> tuple[str, ...]:
    """Backends of the operator that a sweep measures only where it names them."""
    return tuple(name for name, one in _backends(operator) if one.by_name)


def _backends(operator: str) -> Iterator[tuple[str, Backend]]:
    for name in catalog.backend_names(operator):
        if isinstance(found := catalog.backend(operator, name), Backend):
            yield name, found
