"""Equally many workers of both sides, playing one benchmark after the other: set up together, timed one at a time.

Whatever becomes of a benchmark, the pool is as it was afterwards: nothing at work in any worker, and a new process in
the place of one that died or was killed.
"""

from __future__ import annotations

import random as random_numbers
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from opbench.child import spawned
from opbench.errors import MachineError
from opbench.gate.asking import ask_each
from opbench.gate.breaking import by_death, by_ending, name_of
from opbench.gate.cores import Cores
from opbench.gate.design import SETUP_ROUNDS, Design, designed
from opbench.gate.forks import ForkServer, forkable
from opbench.gate.hired import Broken
from opbench.gate.player import Died, Player, RefusedError
from opbench.gate.recipe import Recipe, boot_words
from opbench.gate.scouting import Scouted, scout
from opbench.gate.slices import SIDES, Side, Slice, Taken
from opbench.gate.turns import Turns

if TYPE_CHECKING:
    from opbench.gate.environments import Installed

__all__ = ["Observe", "Pool", "Recipe", "Scouted", "scout"]

Observe: TypeAlias = Callable[[str], None]


class Pool:
    """Use as a context manager: workers start on entering, in random order, and are killed on leaving.

    shared: libraries to import once for all workers, who are then forked, where they can be; with none every worker is
    an interpreter of its own. first_number: of the workers' numbers, which count up from there; one started anew keeps
    the number of the one it stands for. Entering raises MachineError where workers cannot start or collect.
    """

    def __init__(
        self,
        installed: Mapping[Side, Installed],
        per_side: int,
        *,
        start: Recipe,
        random: random_numbers.Random,
        shared: Sequence[str] = (),
        first_number: int = 0,
        observe: Observe = lambda _: None,
    ) -> None:
        self._installed, self._recipe, self._random, self._observe = installed, start, random, observe
        self._cores = Cores(start.device, start.threads, random)
        self._wanted = per_side
        self._next = first_number
        self._rounds: Counter[tuple[str, str]] = Counter()
        self._listings: dict[Side, Sequence[Mapping[str, Any]]] = {}
        self._players: dict[int, Player] = {}
        self._shared = shared if forkable(installed, start) else ()
        self._server: ForkServer | None = None

    def __enter__(self) -> Self:
        try:
            if self._shared:
                one = self._installed["base"]
                self._server = ForkServer(boot_words(one.python), self._recipe.environment("base", one), self._shared)
            self.widen(self._wanted)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def sides(self) -> dict[int, Side]:
        """The side of each worker, by its number."""
        return {number: self._players[number].side for number in sorted(self._players)}

    def listing(self, side: Side) -> Sequence[Mapping[str, Any]]:
        """The side's benchmarks: `id`, `name`, `group`, `params`, `digest` of each."""
        return self._listings[side]

    def widen(self, per_side: int) -> None:
        """Let there be that many new workers a side, in the place of the present ones. Raises MachineError.

        New ones beside old ones would be two groups: of 32 at a network's forward pass, all 16 that had run twenty
        benchmarks before were faster than all 16 that had not, by 8 % in the middle (Xeon).
        """
        self._dismiss()
        sides = [side for side in SIDES for _ in range(per_side)]
        self._random.shuffle(sides)  # the order of starting is an order of addresses and of memory's state
        numbers = range(self._next, self._next + len(sides))
        self._next += len(sides)
        self._start(dict(zip(numbers, sides, strict=True)))

    def play(self, benchmark: str, rounds: int, stage: str) -> Taken:
        """That many rounds: in each, every worker one slice, one worker at a time. Rounds are numbered on from those
        played before in the same stage. Raises Broken, with the first worker's reason, when the test does not run
        through in every worker; MachineError when a dead worker cannot be replaced.
        """
        self._observe(f"{stage}: {benchmark}")
        slices: list[Slice] = []
        design: Design | None = None
        turns = Turns(self.sides, self._random)
        try:
            while rounds:
                some = min(rounds, SETUP_ROUNDS)
                ready = self._begun(benchmark)
                design = design or designed(ready)
                slices += self._slices(benchmark, stage, design, turns, some)
                self._finish(benchmark)
                rounds -= some
        except Broken:
            self._recover()
            raise
        return Taken(benchmark, stage, self.sides, slices)

    def _slices(self, benchmark: str, stage: str, design: Design, turns: Turns, rounds: int) -> list[Slice]:
        first = self._rounds[benchmark, stage]
        slices: list[Slice] = []
        for number in range(first, first + rounds):
            core = self._cores.draw()
            for order, worker in enumerate(turns.round()):
                slices.append(self._turn(benchmark, self._players[worker], design, (number, order, core)))
        self._rounds[benchmark, stage] += rounds
        return slices

    def _turn(self, benchmark: str, player: Player, design: Design, place: tuple[int, int, int | None]) -> Slice:
        try:
            taken = player.slice(design, *place)
        except (Died, RefusedError) as exc:
            raise by_death(benchmark, exc, name_of(player)) from None
        if not isinstance(taken, Slice):
            raise by_ending(benchmark, taken, name_of(player))
        return taken

    def _begun(self, benchmark: str) -> list[Mapping[str, Any]]:
        """Every worker's warm-up, done the same way in all: graph replays are not compared with launches."""
        ready = self._ready(benchmark, {"begin": benchmark})
        if len({one["how"] == "graph" for one in ready}) > 1:
            ready = self._ready(benchmark, {"launches": {}})
        return ready

    def _ready(self, benchmark: str, request: dict[str, Any]) -> list[Mapping[str, Any]]:
        found = []
        for player, answer in self._answers(benchmark, request):
            if "ready" not in answer:
                raise by_ending(benchmark, answer["ended"], name_of(player))
            found.append(answer["ready"])
        return found

    def _finish(self, benchmark: str) -> None:
        for player, answer in self._answers(benchmark, {"finish": {}}):
            if answer["ended"]["outcome"] != "passed":
                raise by_ending(benchmark, answer["ended"], name_of(player))

    def _answers(self, benchmark: str, request: dict[str, Any]) -> list[tuple[Player, dict[str, Any]]]:
        """Of all workers. Raises Broken for the first that has none, once all others have answered."""
        answers = []
        failure: Broken | None = None
        for player, answer in ask_each([(player, request) for player in self._players.values()]):
            if isinstance(answer, Exception):
                failure = failure or by_death(benchmark, answer, name_of(player))
            else:
                answers.append((player, answer))
        if failure is not None:
            raise failure
        return answers

    def _recover(self) -> None:
        """Let every test end that still waits for slices, and put new workers in the place of dead ones."""
        waiting = [player for player in self._players.values() if player.playing]
        for _ in ask_each([(player, {"finish": {}}) for player in waiting]):
            pass  # the benchmark is given up; how it ends in the others is no news
        dead = {number: player.side for number, player in self._players.items() if player.dead}
        for number in dead:
            self._players.pop(number).close()
        self._start(dead)

    def _start(self, sides: Mapping[int, Side]) -> None:
        """The first of a side lists its benchmarks, with digests of their sources: 0.1 s of the 0.5 s of a start."""
        asked = set(self._listings)

        def started() -> Iterator[tuple[Player, dict[str, Any]]]:
            for number, side in sides.items():
                start = self._server.start if self._server else spawned
                self._players[number] = Player(number, side, self._installed, self._recipe, start)
                yield self._players[number], {"collected": {}} if side in asked else {"list": {}}
                asked.add(side)

        answers = list(ask_each(started()))
        for player, answer in answers:
            if isinstance(answer, Exception):
                raise MachineError(f"a worker of {player.side} cannot start: {answer}")
            if answer["problems"]:
                raise MachineError(f"a worker of {player.side} cannot collect: {answer['problems'][0]}")
            if "benchmarks" in answer:
                self._listings[player.side] = answer["benchmarks"]

    def _dismiss(self) -> None:
        while self._players:
            self._players.popitem()[1].close()

    def close(self) -> None:
        """Kill all workers."""
        self._dismiss()
        if self._server is not None:
            self._server.close()
            self._server = None
