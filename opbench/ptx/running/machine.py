"""Runs a program over the threads of several blocks at once: one NumPy array holds a register of all of them,
one number where they all have the same.

Threads that stand at different places of the code take turns, the lowest place first. Compilers lay code out so that
paths meet below where they parted, so the threads behind wait for nobody and those ahead are joined there: warps
reconverge without an analysis of post-dominators, whatever the control flow, and an order between warps is nowhere
promised to a kernel. What this order would never end (a thread that spins on what one ahead of it has yet to do) stops
at the limit of instructions. Blocks that only exit come before all others: so who is done is gone, and the rest are
again all threads there are, which is the quick case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from opbench.ptx.counters import Counters
from opbench.ptx.errors import KernelError
from opbench.ptx.frame import Frame, Memory, ThreadError
from opbench.ptx.module import Instruction, Module
from opbench.ptx.number_types import Array
from opbench.ptx.running.gates import Gates
from opbench.ptx.running.standing import Group, Standing
from opbench.ptx.running.translate import Code, Program
from opbench.ptx.threads import Threads


@dataclass(slots=True)
class Tally:
    """How often a basic block ran: summed over warps, over threads, and of its branch over warps that it split."""

    warps: int = 0
    threads: int = 0
    divergent: int = 0


class Machine:
    """Some blocks of one launch, from their first instruction to the exit of their last thread.

    name: what an error calls the block at that place among those that run here, such as "(3, 0, 0)".
    limit: thread instructions, over all of `counters`, beyond which it stops.
    """

    def __init__(
        self,
        module: Module,
        program: Program,
        threads: Threads,
        memory: Memory,
        counters: Counters,
        name: Callable[[int], str],
        limit: int,
    ) -> None:
        self._module, self._program = module, program
        self._memory, self._counters = memory, counters
        self._name, self._limit = name, limit
        self._standing = Standing(threads)
        self._values: list[Array] = [*program.initial]
        self._gates = Gates(program, memory, counters)
        self._tallies = [Tally() for _ in program.codes]

    def run(self) -> None:
        """Raises KernelError for the first thing that a thread must not do."""
        with np.errstate(all="ignore"):
            while self._standing.threads.count:
                at, group = self._next()
                self._execute(at, group)
        for code, tally in zip(self._program.codes, self._tallies, strict=True):
            if tally.threads:
                self._counters.ran(code.block.instructions, tally.warps, tally.threads)
                if code.end is not None and code.end.opcode == "bra":
                    self._counters.branched(code.end, tally.warps, tally.divergent)

    def _next(self) -> tuple[int, Group | None]:
        """The basic block whose turn it is, and its threads; None for all there are."""
        standing = self._standing
        if standing.together is not None:
            code = self._program.codes[standing.together]
            if code.waits:
                self._gates.all_pass(code, standing.threads)
            return standing.together, None
        for at in standing.order(self._program.leaving):
            group = standing.group(at)
            if self._program.codes[at].waits:
                lanes = self._gates.enter(at, group.lanes, standing.at(), self._values, standing.threads)
                if lanes.size < group.lanes.size:
                    group = standing.chosen(lanes)
            if group.lanes.size:
                return at, group
        raise self._stuck()

    def _execute(self, at: int, group: Group | None) -> None:
        code, counters, tally = self._program.codes[at], self._counters, self._tallies[at]
        frame = self._frame(code, group)
        tally.warps += frame.threads.warps
        tally.threads += frame.count
        counters.thread_instructions += len(code.block.instructions) * frame.count
        place = 0
        try:
            for place, step in enumerate(code.steps):  # noqa: B007  (an error says where it was)
                step(frame, None)
        except ThreadError as fault:
            raise self._fault(code.instructions[place], str(fault), frame.threads, fault.position) from fault
        if counters.thread_instructions > self._limit:
            last = code.block.instructions[-1]
            reason = f"more than {self._limit} thread instructions: an endless loop?"
            raise self._fault(last, reason, frame.threads, 0)
        if group is not None:
            self._save(code, frame, group.lanes)
        self._leave(at, code, frame, group)

    def _frame(self, code: Code, group: Group | None) -> Frame:
        if group is None:
            return Frame(self._values, self._standing.threads, self._memory, self._counters)
        values = [*self._program.initial]
        for place in code.loads:
            value = self._values[place]
            values[place] = value[group.lanes] if value.size > 1 else value
        return Frame(values, group.threads, self._memory, self._counters)

    def _save(self, code: Code, frame: Frame, lanes: Array) -> None:
        count = self._standing.threads.count
        for place in code.saves:
            before = self._values[place]
            merged = before.copy() if before.size > 1 else np.full(count, before[0])
            merged[lanes] = frame.values[place]
            self._values[place] = merged

    def _leave(self, at: int, code: Code, frame: Frame, group: Group | None) -> None:
        """Where the threads go from the end of a block."""
        end = code.end
        if end is None:
            self._go(at, group, at + 1)
            return
        taken: Array | None = None
        if end.guard is not None:
            taken = ~frame.values[end.guard.place] if end.negated else frame.values[end.guard.place]
            if taken.all():
                taken = None
            elif not taken.any():
                self._go(at, group, at + 1)
                return
        if end.opcode != "bra":
            self._exit(at, taken, group)
        elif taken is None:
            self._go(at, group, code.block.successors[0])
        else:
            self._split(at, group, taken, code.block.successors[0])

    def _go(self, at: int, group: Group | None, to: int) -> None:
        standing = self._standing
        if group is None:
            standing.together = to
            return
        standing.leave(at, group)
        standing.arrive(to, group)
        self._meet()

    def _split(self, at: int, group: Group | None, taken: Array, to: int) -> None:
        standing = self._standing
        there, behind = standing.parted(group, taken)
        threads = standing.threads if group is None else group.threads
        self._tallies[at].divergent += there.threads.warps + behind.threads.warps - threads.warps
        standing.leave(at, group)
        standing.arrive(to, there)
        standing.arrive(at + 1, behind)
        self._meet()

    def _meet(self) -> None:
        if not self._gates.pending():
            self._standing.meet()
            if self._standing.together is not None:
                self._gates.clear()

    def _exit(self, at: int, taken: Array | None, group: Group | None) -> None:
        """Those for whom `taken` holds are gone, None for all of the group; the others of it go on."""
        standing = self._standing
        stays = np.full(standing.threads.count, group is not None)
        if group is not None:
            stays[group.lanes] = False
        behind = None if taken is None else standing.parted(group, taken)[1]
        standing.leave(at, group)
        if behind is not None:
            stays[behind.lanes] = True
            standing.arrive(at + 1, behind)
        kept = np.flatnonzero(stays)
        standing.keep(kept)
        initial = self._program.initial
        for place, live in enumerate(self._program.live):
            value = self._values[place]
            if not live:
                self._values[place] = initial[place]
            elif value.size > 1:
                self._values[place] = value[kept]
        self._gates.keep(kept)
        self._meet()

    def _stuck(self) -> KernelError:
        """All threads wait, and none for one that will come."""
        at = self._standing.at()
        first = int(at.argmin())
        places = np.unique(at)
        lines = [self._program.codes[each].block.instructions[0].line for each in places.tolist()]
        instruction = self._program.codes[int(at[first])].block.instructions[0]
        where = ", ".join(map(str, lines))
        reason = (
            f"diverged: threads wait here for others that wait at PTX lines {where}"
            if len(lines) > 1
            else ("diverged: threads wait here for others of their warp that never come")
        )
        return self._fault(instruction, reason, self._standing.threads, first)

    def _fault(self, instruction: Instruction, reason: str, threads: Threads, position: int) -> KernelError:
        """position: of the thread, among `threads`."""

        def of(name: str) -> int:
            each = threads.of(name)
            return int(each[position if each.size > 1 else 0])

        axes = tuple(of(f"%tid.{axis}") for axis in "xyz")
        location = instruction.location
        source = ""
        if location is not None:
            source = f", {self._module.files.get(location.file, 'source')}:{location.line}"
        return KernelError(
            f"{self._program.kernel.name}: {reason}; {instruction.text} (PTX line {instruction.line}{source}), "
            f"thread {axes} of block {self._name(of('block'))}"
        )
