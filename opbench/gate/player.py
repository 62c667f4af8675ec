"""The parent's end of one worker: start it, ask it, notice when it dies or hangs."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opbench.child import Child, Ended, spawned
from opbench.gate.assignment import Assignment
from opbench.gate.recipe import boot_words
from opbench.gate.slices import Side, Slice

if TYPE_CHECKING:
    from opbench.child import Start
    from opbench.gate.design import Design
    from opbench.gate.environments import Installed
    from opbench.gate.recipe import Recipe


class Died(Exception):  # noqa: N818  (it is what happened, not a mistake in the request)
    """The worker ended or was killed without an answer; the text says how, in one line."""


class RefusedError(Exception):
    """The worker cannot do what was asked, and says why: no pytest, nothing collected, nothing at work."""


class MisaskedError(RefusedError):
    """There are no such tests to collect as it was asked for: no such path, no such expression."""


class Player:
    """One worker process of one side, started at once. `close` it in any case.

    number: unique in a run. start: how its process is started. clock: in seconds, by which an answer is late.
    """

    def __init__(
        self,
        number: int,
        side: Side,
        sides: Mapping[Side, Installed],
        recipe: Recipe,
        start: Start = spawned,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.number, self.side = number, side
        self._clock = clock
        self.playing = False
        """Whether a benchmark is at work in it, waiting for slices."""
        self.dead = False
        """Whether it has been seen to be dead, or was killed for hanging."""
        self._limit_s = recipe.time_limit_s
        self._folder = tempfile.TemporaryDirectory(prefix="opbench-gate-")
        self._log = Path(self._folder.name) / "log"
        mine = sides[side]
        assignment = Assignment(
            tree=str(mine.tree.absolute()),
            paths=recipe.paths,
            keyword=recipe.keyword,
            device=recipe.device,
            threads=recipe.threads,
            foreign=(str(recipe.root), *(str(one.tree) for name, one in sides.items() if name != side)),
            scratch=self._folder.name,
            log=str(self._log),
        )

        def command(requests: int, answers: int) -> list[str]:
            return [*boot_words(mine.python), str(requests), str(answers), assignment.to_word()]

        try:
            with self._log.open("w", encoding="utf-8") as log:
                self._child = Child(command, recipe.environment(side, mine), log, mine.tree, start)
        except BaseException:
            self._folder.cleanup()
            raise

    @property
    def pid(self) -> int:
        return self._child.pid

    def send(self, request: dict[str, Any]) -> None:
        """Raises Died."""
        try:
            self._child.send(request)
        except Ended as exc:
            raise self._died(exc) from None

    def receive(self) -> dict[str, Any]:
        """The answer to the oldest request unanswered. Raises Died, after the time limit too; RefusedError."""
        ends = self._clock() + self._limit_s

        def overdue() -> str | None:
            return f"hung: no answer in {self._limit_s:g} s (--time-limit)" if self._clock() > ends else None

        try:
            answer: dict[str, Any] = self._child.receive(overdue)
        except Ended as exc:
            raise self._died(exc) from None
        if "ready" in answer:
            self.playing = True
        if "ended" in answer:
            self.playing = False
        if "refused" in answer:
            raise (MisaskedError if answer.get("misasked") else RefusedError)(answer["refused"])
        return answer

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Raises Died, RefusedError."""
        self.send(request)
        return self.receive()

    def slice(self, design: Design, number: int, order: int, core: int | None) -> Slice | dict[str, str]:
        """One turn in that round and place, held on that core; or how the test ended in it. Raises Died."""
        answer = self.ask({"slice": asdict(design) | {"round": number, "order": order, "core": core}})
        if "ended" in answer:
            ended: dict[str, str] = answer["ended"]
            return ended
        fields = answer["slice"]
        return Slice(worker=self.number, **fields | {"samples_s": tuple(fields["samples_s"])})

    def memory_bytes(self) -> int:
        """What this process alone takes, 0 where it is gone: shared libraries are there once for all workers."""
        import psutil

        try:
            return int(psutil.Process(self.pid).memory_full_info().uss)
        except psutil.NoSuchProcess:
            return 0

    def close(self) -> None:
        """End it and all it started, and remove its files."""
        self._child.close()
        self._folder.cleanup()

    def _died(self, exc: Ended) -> Died:
        """With the last line it printed, where that says more: a fault handler's, a library's last words."""
        self.playing, self.dead = False, True
        reason = str(exc)
        if sys.platform == "linux" and reason.startswith("its process"):
            lines = [line.strip() for line in self._log.read_text(encoding="utf-8", errors="replace").splitlines()]
            fatal = [line for line in lines if line.startswith(("Fatal", "terminate called", "CUDA error"))]
            reason += f" ({fatal[-1][:160]})" if fatal else ""
        return Died(reason)
