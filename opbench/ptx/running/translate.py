"""From a kernel to a program: for every basic block the Python functions that execute it.

A program is made once and run over as many threads as there are. All that can be refused of a kernel is refused here,
before anything runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opbench.errors import UsageError, unknown
from opbench.ptx.frame import Frame, ThreadError
from opbench.ptx.instructions import FAMILIES
from opbench.ptx.instructions.registry import EFFECTS, VALUES, Effect, Source, refused, stored
from opbench.ptx.module import Immediate, Instruction, Kernel, Operand, Register, Vector
from opbench.ptx.number_types import Array, storage, width
from opbench.ptx.running.blocks import (
    ENDS,
    EXITS,
    Block,
    basic_blocks,
    computes,
    read,
    waits,
    watched_registers,
    written,
)
from opbench.ptx.running.watching import check, marks

Step = Effect

MOST_MADE = 1 << 15
"""Instructions, a few kernels' worth, of which what they do is kept, at about a kilobyte each. Kernels that differ in a
line, as when faults are planted, are translated in half of the time."""

_MADE: dict[tuple[str, tuple[str, ...], tuple[Operand, ...]], Effect] = {}


@dataclass(slots=True)
class Code:
    """One basic block as it runs. `steps` belong to `instructions` of the same place.

    target, behind: the blocks that a branch at its end goes to, and the one below it.
    loads, saves: registers that are brought in for a part of the threads, and put back.
    """

    block: Block
    steps: list[Step]
    instructions: list[Instruction]
    loads: list[int]
    saves: list[int]
    waits: bool
    end: Instruction | None


@dataclass(slots=True)
class Program:
    """A kernel ready to run. initial: for each register (and for each watch on one) a single value of its type.

    live: for each of those whether one basic block may need what another left there. leaving: for each basic block
    whether it does nothing but exit. barriers: int64, of each the number of the barrier of a block that it begins with,
    -1 for none. made_of: the instructions that were translated.
    """

    kernel: Kernel
    codes: list[Code]
    initial: list[Array]
    live: list[bool]
    leaving: list[bool]
    barriers: Array
    granule: int
    made_of: tuple[Instruction, ...] = ()

    def is_of(self, kernel: Kernel) -> bool:
        """Whether these are the instructions that the kernel has now."""
        same = len(self.made_of) == len(kernel.instructions)
        return same and all(old is new for old, new in zip(self.made_of, kernel.instructions, strict=True))


def program(kernel: Kernel) -> Program:
    """Made once and kept with the kernel, while that has these very instructions.

    Raises UsageError, with the line, for an instruction, a modifier or a type that is not known.
    """
    kept = kernel.program
    if isinstance(kept, Program) and kept.is_of(kernel):
        return kept
    made = _translated(kernel)
    kernel.program = made
    return made


def _translated(kernel: Kernel) -> Program:
    assert FAMILIES
    blocks = basic_blocks(kernel)
    watched = {place: len(kernel.registers) + at for at, place in enumerate(sorted(watched_registers(blocks)))}
    kinds = {storage(register.type) for register in kernel.registers} | {np.bool_}
    zeros = {kind: np.zeros(1, kind) for kind in kinds}
    initial = [zeros[storage(register.type)] for register in kernel.registers]
    initial += [zeros[np.bool_]] * len(watched)
    homes = _homes(blocks)
    codes = [_code(at, block, watched, homes) for at, block in enumerate(blocks)]
    return Program(
        kernel,
        codes,
        initial,
        [homes.get(place, 0) is None for place in range(len(kernel.registers))] + [True] * len(watched),
        [block.leaves for block in blocks],
        np.array([_barrier(block.instructions[0]) for block in blocks]),
        _granule(kernel),
        tuple(kernel.instructions),
    )


def of_block(instruction: Instruction) -> bool:
    """Whether all threads of a block wait for each other at it, not those of a warp."""
    return instruction.opcode in {"bar", "barrier"} and "warp" not in instruction.modifiers


def _barrier(first: Instruction) -> int:
    if not waits(first) or not of_block(first):
        return -1
    (number,) = first.operands
    assert isinstance(number, Immediate)
    return int(number.value)


def _homes(blocks: list[Block]) -> dict[int, int | None]:
    """For each register the one block that knows it, where that one writes it before it reads it; else None."""
    homes: dict[int, int | None] = {}
    for at, block in enumerate(blocks):
        for place in block.reads | block.writes:
            homes[place] = at if place not in homes and place not in block.reads else None
    return homes


def _code(at: int, block: Block, watched: dict[int, int], homes: dict[int, int | None]) -> Code:
    last = block.instructions[-1]
    steps: list[Step] = []
    instructions = []
    for instruction in block.instructions:
        for step in _steps(instruction, watched):
            steps.append(step)
            instructions.append(instruction)
    watches = [watched[place] for place in sorted(block.reads | block.writes) if place in watched]
    return Code(
        block,
        steps,
        instructions,
        sorted(block.reads) + watches,
        [place for place in sorted(block.writes) if homes[place] != at] + watches,
        waits(block.instructions[0]),
        last if last.opcode in ENDS else None,
    )


def _steps(instruction: Instruction, watched: dict[int, int]) -> list[Step]:
    """What it does, and before and behind that what is due to registers that are watched."""
    steps: list[Step] = []
    asked = [each for each in read(instruction) if each.place in watched]
    results = [watched[each.place] for each in written(instruction) if each.place in watched]
    if instruction.guard in asked:
        steps.append(check([each for each in asked if each is instruction.guard], watched))
    if asked and not computes(instruction):
        steps.append(_guarded(instruction, check(asked, watched)))
    if instruction.opcode in EXITS | {"bra"}:
        _check_end(instruction)
    elif instruction.opcode == "trap":
        steps.append(_guarded(instruction, _trap))
    else:
        steps.append(_guarded(instruction, _made(instruction)))
    if results:
        before, behind = marks(instruction, results, watched if computes(instruction) else {})
        steps[-1:] = [_guarded(instruction, before), steps[-1], _guarded(instruction, behind)]
    return steps


def _made(instruction: Instruction) -> Effect:
    opcode = instruction.opcode
    unpacks = opcode == "mov" and isinstance(instruction.operands[0], Vector)
    try:
        if unpacks:
            return EFFECTS["mov.unpack"](instruction)
        if opcode in EFFECTS:
            return EFFECTS[opcode](instruction)
        if opcode in VALUES:
            return _storing(instruction)
    except (ValueError, IndexError, KeyError) as error:
        raise refused(instruction, f"this form is not known ({type(error).__name__}: {error})") from error
    known = sorted({*EFFECTS, *VALUES, *ENDS} - {"mov.unpack"})
    raise UsageError(f"PTX line {instruction.line}: {instruction.text}: {unknown('instruction', opcode, known)}")


def _storing(instruction: Instruction) -> Effect:
    """What it computes depends on its words alone, not on where it stands: the same words are made once."""
    words = instruction.opcode, instruction.modifiers, instruction.operands
    if (made := _MADE.get(words)) is None:
        if len(_MADE) >= MOST_MADE:
            _MADE.clear()
        made = _MADE[words] = _computed(instruction, VALUES[instruction.opcode](instruction))
    return made


def _computed(instruction: Instruction, compute: Source) -> Effect:
    register = instruction.operands[0]
    if not isinstance(register, Register):
        raise refused(instruction, "expected a register as result")
    place, kept = register.place, np.dtype(storage(register.type))

    def run(frame: Frame, mask: Array | None) -> None:
        found = compute(frame)
        if found.dtype is not kept:
            found = stored(found, kept)
        frame.values[place] = found if mask is None else np.where(mask, found, frame.values[place])

    return run


def _guarded(instruction: Instruction, inner: Effect) -> Effect:
    """Under a guard only the threads whose predicate holds take part; where none does, nothing is done."""
    guard, negated = instruction.guard, instruction.negated
    if guard is None:
        return inner
    place = guard.place

    def run(frame: Frame, mask: Array | None) -> None:
        del mask
        holds = ~frame.values[place] if negated else frame.values[place]
        if holds.all():
            inner(frame, None)
        elif holds.any():
            inner(frame, holds)

    return run


def _trap(frame: Frame, mask: Array | None) -> None:
    del frame
    raise ThreadError("trap: the kernel stops itself", 0 if mask is None else int(mask.argmax()))


def _check_end(instruction: Instruction) -> None:
    if {*instruction.modifiers} - {"uni"}:
        raise refused(instruction, "of its modifiers only .uni is known")


def _granule(kernel: Kernel) -> int:
    """The fewest bytes that any instruction accesses in shared memory, or at a generic address, at once."""
    sizes = [16]
    for each in kernel.instructions:
        spaces = {*each.modifiers} & {"global", "local", "const", "param"}
        if each.opcode in {"ld", "st", "atom", "red"} and not spaces and each.type != "pred":
            sizes.append(width(each.type))
        elif each.opcode in {"ldmatrix", "stmatrix"}:
            sizes.append(2)
    return min(sizes)
