"""One worker a side goes ahead: what benchmarks are there, do they run, is it this side's code, how much memory.

It also pays, once, for everything that is kept on disk: compiled Python, built extensions, tuned kernels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from opbench.gate.asking import ask_each
from opbench.gate.breaking import by_death, by_ending
from opbench.gate.hired import Broken
from opbench.gate.listing import Found
from opbench.gate.player import Died, MisaskedError, Player, RefusedError
from opbench.gate.slices import SIDES, Side

if TYPE_CHECKING:
    from opbench.gate.environments import Installed
    from opbench.gate.recipe import Recipe


@dataclass(frozen=True)
class Scouted:
    """One side. found: its benchmarks. broken: by id, those that do not run through. problems: a line for each part of
    the tests that could not be collected. strays: files of modules imported from where another side's code lies.
    memory_bytes: of a worker that has run every benchmark. environment: what times depend on besides the code.
    shared: libraries it has imported that its workers may be given by one interpreter that they are forked from.
    misasked: whether `problems` are those of the paths and the keyword asked for, not of what lies there. left_out: ids
    of benchmarks that pytest's filters left out. filters: these, by option.
    """

    found: Sequence[Found]
    broken: Mapping[str, Broken]
    problems: Sequence[str]
    strays: Sequence[str]
    memory_bytes: int
    environment: Mapping[str, Any]
    shared: Sequence[str] = ()
    misasked: bool = False
    left_out: Sequence[str] = ()
    filters: Mapping[str, str] = field(default_factory=dict)


def scout(sides: Mapping[Side, Installed], recipe: Recipe) -> dict[Side, Scouted]:
    """Both sides at once: each lists its benchmarks and runs every one with a single call."""
    with ExitStack() as stack:
        scouts = {side: _Scout(side, sides, recipe) for side in SIDES}
        for one in scouts.values():
            stack.callback(one.close)
            one.start()
        for player, answer in ask_each([(one.player, {"list": {}}) for one in scouts.values()]):
            scouts[player.side].listed(answer)
        for pair in zip_longest(*([(one, found.id) for found in one.found] for one in scouts.values())):
            _probe([place for place in pair if place is not None])
        return {side: one.told() for side, one in scouts.items()}


def _probe(pair: Sequence[tuple[_Scout, str]]) -> None:
    scouts = {one.side: (one, benchmark) for one, benchmark in pair}
    for player, answer in ask_each([(one.player, {"probe": benchmark}) for one, benchmark in pair]):
        one, benchmark = scouts[player.side]
        one.probed(benchmark, answer)


@dataclass
class _Scout:
    side: Side
    sides: Mapping[Side, Installed]
    recipe: Recipe
    found: list[Found] = field(default_factory=list)
    broken: dict[str, Broken] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    environment: Mapping[str, Any] = field(default_factory=dict)
    misasked: bool = False
    left_out: Sequence[str] = ()
    filters: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> None:
        self.player = Player(0, self.side, self.sides, self.recipe)

    def close(self) -> None:
        if hasattr(self, "player"):
            self.player.close()

    def listed(self, answer: dict[str, Any] | Exception) -> None:
        if isinstance(answer, Exception):
            self.problems.append(str(answer))
            self.misasked = isinstance(answer, MisaskedError)
            return
        self.problems.extend(answer["problems"])
        self.environment = answer["environment"]
        self.left_out, self.filters = answer["left_out"], answer["filters"]
        self.found.extend(Found(one["id"], one["params"], one["digest"], one["group"]) for one in answer["benchmarks"])

    def probed(self, benchmark: str, answer: dict[str, Any] | Exception) -> None:
        if isinstance(answer, Exception):
            self.broken[benchmark] = by_death(benchmark, answer)
            self.close()
            self.start()
            self.player.ask({"list": {}})
        elif answer["ended"]["outcome"] != "passed" or not answer["called"]:
            self.broken[benchmark] = by_ending(benchmark, answer["ended"])

    def told(self) -> Scouted:
        try:
            said = self.player.ask({"origins": {}})
        except (Died, RefusedError):
            said = {"strays": [], "shared": []}  # it did not even collect, which `problems` says
        memory = self.player.memory_bytes()
        return Scouted(
            found=self.found,
            broken=self.broken,
            problems=self.problems,
            strays=said["strays"],
            memory_bytes=memory,
            environment=self.environment,
            shared=said["shared"],
            misasked=self.misasked,
            left_out=self.left_out,
            filters=self.filters,
        )
