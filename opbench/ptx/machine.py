"""Runs a program over the threads of several blocks at once: one NumPy array holds a register of all of them.

Threads that stand at different places of the code take turns, the lowest place first. Compilers lay code out so that
paths meet below where they parted, so the threads behind wait for nobody and those ahead are joined there: warps
reconverge without an analysis of post-dominators, whatever the control flow, and an order between warps is nowhere
promised to a kernel. What this order would never end (a thread that spins on what one ahead of it has yet to do) stops
at the limit of instructions. Blocks that only exit come before all others: so who is done is gone, and the rest are
again all threads there are, which is the quick case.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from opbench.ptx.counters import Counters, distinct
from opbench.ptx.errors import KernelError
from opbench.ptx.frame import Frame, Memory, ThreadError, Threads
from opbench.ptx.gates import Gates
from opbench.ptx.module import Instruction, Module
from opbench.ptx.number_types import Array
from opbench.ptx.translate import Code, Program


class Machine:
    """Some blocks of one launch, from their first instruction to the exit of their last thread.

    names: for each block that runs here what an error calls it, such as "(3, 0, 0)".
    limit: thread instructions, over all of `counters`, beyond which it stops.
    """

    def __init__(
        self,
        module: Module,
        program: Program,
        threads: Threads,
        memory: Memory,
        counters: Counters,
        names: list[str],
        limit: int,
    ) -> None:
        self._module, self._program = module, program
        self._threads, self._memory, self._counters = threads, memory, counters
        self._names, self._limit = names, limit
        self._count = threads.block.size
        self._values: list[Array] = _together(program.initial, lambda each: np.broadcast_to(each, (self._count,)))
        self._at: Array = np.zeros(self._count, np.int64)
        self._together: int | None = 0
        self._gates = Gates(program, memory, counters)
        self._leaving = [code.block.leaves for code in program.codes]

    def run(self) -> None:
        """Raises KernelError for the first thing that a thread must not do."""
        with np.errstate(all="ignore"):
            while self._count:
                at, lanes = self._next()
                self._execute(at, lanes)

    def _next(self) -> tuple[int, Array | None]:
        """The basic block whose turn it is, and the places of its threads; None for all there are."""
        if self._together is not None:
            code = self._program.codes[self._together]
            if code.waits:
                self._gates.all_pass(code, self._threads)
            return self._together, None
        for at in self._candidates():
            lanes = np.flatnonzero(self._at == at)
            code = self._program.codes[at]
            if code.waits:
                lanes = self._gates.enter(at, lanes, self._at, self._values, self._threads)
            if lanes.size:
                return at, None if lanes.size == self._count else lanes
        raise self._stuck()

    def _candidates(self) -> list[int]:
        places: list[int] = np.flatnonzero(np.bincount(self._at)).tolist()
        return sorted(places, key=lambda at: (not self._leaving[at], at))

    def _execute(self, at: int, lanes: Array | None) -> None:
        code, threads = self._program.codes[at], self._threads
        frame = self._frame(code, lanes)
        warps = frame.of(threads.warp)
        self._counters.ran(code.block.instructions, distinct(warps), frame.count)
        place = 0
        try:
            for place, step in enumerate(code.steps):  # noqa: B007  (an error says where it was)
                step(frame, None)
        except ThreadError as fault:
            raise self._fault(code.instructions[place], str(fault), frame, fault.position) from fault
        if self._counters.thread_instructions > self._limit:
            last = code.block.instructions[-1]
            raise self._fault(last, f"more than {self._limit} thread instructions: an endless loop?", frame, 0)
        if lanes is not None:
            self._save(code, frame, lanes)
        self._leave(at, code, frame, lanes)

    def _frame(self, code: Code, lanes: Array | None) -> Frame:
        if lanes is None:
            return Frame(self._values, self._count, None, self._threads, self._memory, self._counters)
        values = [*self._program.initial]
        for place in code.loads:
            values[place] = self._values[place][lanes]
        return Frame(values, lanes.size, lanes, self._threads, self._memory, self._counters)

    def _save(self, code: Code, frame: Frame, lanes: Array) -> None:
        for place in code.saves:
            merged = self._values[place].copy()
            merged[lanes] = frame.values[place]
            self._values[place] = merged

    def _leave(self, at: int, code: Code, frame: Frame, lanes: Array | None) -> None:
        """Where the threads go from the end of a block."""
        end = code.end
        if end is None:
            self._go(lanes, at + 1)
            return
        taken: Array | None = None
        if end.guard is not None:
            taken = ~frame.values[end.guard.place] if end.negated else frame.values[end.guard.place]
            if end.opcode == "bra":
                self._count_branch(end, frame, taken)
            if taken.all():
                taken = None
            elif not taken.any():
                self._go(lanes, at + 1)
                return
        elif end.opcode == "bra":
            self._counters.branched(end, distinct(frame.of(self._threads.warp)))
        if end.opcode != "bra":
            self._exit(at, taken, lanes)
        elif taken is None:
            self._go(lanes, code.block.successors[0])
        else:
            self._split(lanes, np.where(taken, code.block.successors[0], at + 1))

    def _count_branch(self, end: Instruction, frame: Frame, taken: Array) -> None:
        warps = frame.of(self._threads.warp)
        whole = distinct(warps)
        parts = taken.any() and not taken.all()
        divergent = distinct(warps[taken]) + distinct(warps[~taken]) - whole if parts else 0
        self._counters.branched(end, whole, divergent)

    def _go(self, lanes: Array | None, to: int) -> None:
        if lanes is None:
            self._together = to
        else:
            self._split(lanes, np.array(to))

    def _split(self, lanes: Array | None, targets: Array) -> None:
        if self._together is not None:
            self._at = np.full(self._count, self._together)
            self._together = None
        self._at = self._at.copy()
        self._at[slice(None) if lanes is None else lanes] = targets
        self._meet()

    def _meet(self) -> None:
        if self._at.size and (self._at == self._at[0]).all() and not self._gates.pending():
            self._together = int(self._at[0])
            self._gates.clear()

    def _exit(self, at: int, taken: Array | None, lanes: Array | None) -> None:
        """Who is done is taken out of everything."""
        stays = np.zeros(self._count, np.bool_)
        if lanes is not None:
            stays[:] = True
            stays[lanes] = False
        if taken is not None:
            chosen = np.arange(self._count) if lanes is None else lanes
            stays[chosen[~taken]] = True
            if self._together is not None:
                self._at, self._together = np.full(self._count, self._together), None
            self._at = self._at.copy()
            self._at[chosen[~taken]] = at + 1
        kept = np.flatnonzero(stays)
        self._at = self._at[kept]
        self._values = _together(
            self._values, lambda each: each[kept] if each.strides[0] else np.broadcast_to(each[:1], kept.shape)
        )
        self._threads = self._threads.kept(kept)
        self._count = kept.size
        self._gates.keep(kept)
        self._meet()

    def _stuck(self) -> KernelError:
        """All threads wait, and none for one that will come."""
        first = int(self._at.argmin())
        places = np.unique(self._at)
        lines = [self._program.codes[at].block.instructions[0].line for at in places.tolist()]
        instruction = self._program.codes[int(self._at[first])].block.instructions[0]
        where = ", ".join(map(str, lines))
        reason = (
            f"diverged: threads wait here for others that wait at PTX lines {where}"
            if len(lines) > 1
            else ("diverged: threads wait here for others of their warp that never come")
        )
        frame = Frame(self._values, self._count, None, self._threads, self._memory, self._counters)
        return self._fault(instruction, reason, frame, first)

    def _fault(self, instruction: Instruction, reason: str, frame: Frame, position: int) -> KernelError:
        place = position if frame.lanes is None else int(frame.lanes[position])
        threads = self._threads
        axes = [int(np.broadcast_to(threads.special[f"%tid.{axis}"], (self._count,))[place]) for axis in "xyz"]
        location = instruction.location
        source = ""
        if location is not None:
            source = f", {self._module.files.get(location.file, 'source')}:{location.line}"
        block = self._names[int(threads.block[place])]
        return KernelError(
            f"{self._program.kernel.name}: {reason}; {instruction.text} (PTX line {instruction.line}{source}), "
            f"thread {tuple(axes)} of block {block}"
        )


def _together(arrays: list[Array], change: Callable[[Array], Array]) -> list[Array]:
    """Each array changed; those that are one array stay one. Most registers have not been written yet, and are."""
    changed = {id(each): change(each) for each in {id(each): each for each in arrays}.values()}
    return [changed[id(each)] for each in arrays]
