"""A kernel's basic blocks, and which reads of registers have to be watched.

A block ends behind a branch or an exit, before a label that something branches to (debuggers have labels too), and
before an instruction for which threads wait for each other: those stand first in their blocks, so that a thread waits
between two blocks and never inside of one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from opbench.errors import UsageError
from opbench.ptx.module import Address, Instruction, Kernel, Negated, Operand, Register, Symbol, Vector

EXITS = frozenset(["ret", "exit"])
ENDS = EXITS | {"bra", "trap"}
NO_RESULT = frozenset(["st", "red", "bar", "barrier", "membar", "fence", "prefetch", "stmatrix", "nanosleep"]) | ENDS
"""Instructions whose first operand is read, or that have none."""
EXCHANGES = frozenset(["ld", "ldu", "atom", "ldmatrix", "mma", "shfl", "vote", "redux", "activemask"])
"""Those that have a result from memory or from other threads."""


@dataclass(frozen=True, slots=True)
class Use:
    """The places of the registers that an instruction reads (its guard's among them) and writes.

    sure: whether it writes whenever control comes by. computes: see `computes`.
    """

    reads: frozenset[int]
    writes: frozenset[int]
    sure: bool
    computes: bool


@dataclass(slots=True)
class Block:
    """Instructions that run together. `first` is the place of the first among the kernel's. uses: of each of them."""

    first: int
    instructions: list[Instruction]
    successors: tuple[int, ...] = ()
    reads: set[int] = field(default_factory=set)
    writes: set[int] = field(default_factory=set)
    uses: list[Use] = field(default_factory=list)

    @property
    def leaves(self) -> bool:
        """Whether it does nothing but exit, without a condition."""
        return len(self.instructions) == 1 and self.instructions[0].opcode in EXITS and not self.instructions[0].guard


def waits(instruction: Instruction) -> bool:
    """Whether threads wait for each other at it."""
    if instruction.opcode in {"bar", "barrier"}:
        return "arrive" not in instruction.modifiers
    return "sync" in instruction.modifiers


def registers(operands: tuple[Operand, ...]) -> list[Register]:
    """All registers named in these operands."""
    found: list[Register] = []
    for each in operands:
        if isinstance(each, Register):
            found.append(each)
        elif isinstance(each, Negated):
            found.append(each.register)
        elif isinstance(each, Address) and isinstance(each.base, Register):
            found.append(each.base)
        elif isinstance(each, Vector):
            found += registers(each.parts)
    return found


def written(instruction: Instruction) -> list[Register]:
    """The registers it writes: those of its first operand, unless it has no result."""
    return [] if instruction.opcode in NO_RESULT else registers(instruction.operands[:1])


def read(instruction: Instruction) -> list[Register]:
    """The registers it reads, its guard among them."""
    sources = instruction.operands if instruction.opcode in NO_RESULT else instruction.operands[1:]
    return registers(sources) + ([instruction.guard] if instruction.guard else [])


def basic_blocks(kernel: Kernel) -> list[Block]:
    """In the order of the text. Raises UsageError where control would run past the last instruction."""
    code = kernel.instructions
    last = code[-1] if code else None
    if last is None or last.opcode not in ENDS or last.guard:
        raise UsageError(f"kernel {kernel.name} does not end in ret, exit or a branch; is the text cut off?")
    starts = {0} | {place + 1 for place, each in enumerate(code) if each.opcode in ENDS}
    starts |= {kernel.labels[_target(each)] for each in code if each.opcode == "bra"}
    starts |= {place for place, each in enumerate(code) if waits(each)}
    bounds = sorted(place for place in starts if place < len(code))
    number = {place: at for at, place in enumerate(bounds)}
    blocks = [Block(a, code[a:b]) for a, b in zip(bounds, [*bounds[1:], len(code)], strict=True)]
    for at, block in enumerate(blocks):
        block.successors = _successors(at, block, kernel.labels, number)
        _find_reads_and_writes(block)
    return blocks


def _successors(at: int, block: Block, labels: dict[str, int], number: dict[int, int]) -> tuple[int, ...]:
    """Where it branches to, before where it falls through to."""
    last = block.instructions[-1]
    found = []
    if last.opcode == "bra":
        found.append(number[labels[_target(last)]])
    if last.opcode not in ENDS or last.guard:
        found.append(at + 1)
    return tuple(found)


def _target(branch: Instruction) -> str:
    """The label."""
    (target,) = branch.operands
    assert isinstance(target, Symbol)
    return target.name


def _find_reads_and_writes(block: Block) -> None:
    """`reads`: what has to be there when it begins; what is written under a guard only keeps its old value else."""
    for instruction in block.instructions:
        reads = frozenset(each.place for each in read(instruction))
        writes = frozenset(each.place for each in written(instruction))
        block.uses.append(Use(reads, writes, not instruction.guard, computes(instruction)))
        block.reads |= (reads | writes if instruction.guard else reads) - block.writes
        block.writes |= writes


def watched_registers(blocks: list[Block]) -> set[int]:
    """Registers that some path reads before any instruction has surely written them, and all that is computed of them.

    Only these need watching while the kernel runs, and of most kernels none does. Compilers compute ahead with what is
    not there yet and drop the result, so a value that was never written is an error where it is used, in memory, for
    other threads or for a branch, and not where it is copied or computed with.
    """
    watched: set[int] = set()
    while True:
        found = watched | _doubtful(blocks, watched)
        if found == watched:
            return watched
        watched = found


def _doubtful(blocks: list[Block], watched: set[int]) -> set[int]:
    """Forward, over all paths. Sets of registers are numbers with a bit for each: kernels have thousands of both."""
    surely = [_bits(place for each in block.uses for place in _surely_written(each, watched)) for block in blocks]
    everything = (1 << 1 + max((place for block in blocks for place in block.reads | block.writes), default=0)) - 1
    before = [everything for _ in blocks]
    before[0] = 0
    pending = list(range(len(blocks)))[::-1]  # the first one first: most are then looked at once
    while pending:
        at = pending.pop()
        after = before[at] | surely[at]
        for successor in blocks[at].successors:
            joined = before[successor] & after
            if joined != before[successor]:
                before[successor] = joined
                pending.append(successor)
    return {
        place
        for block, known in zip(blocks, before, strict=True)
        if watched or _bits(block.reads) & ~known
        for place in _read_before(block, known, watched)
    }


def _bits(places: Iterable[int]) -> int:
    found = 0
    for place in places:
        found |= 1 << place
    return found


def computes(instruction: Instruction) -> bool:
    """Whether its results depend on nothing but its operands, and nothing else does on it."""
    return instruction.opcode not in NO_RESULT | EXCHANGES


def _surely_written(use: Use, watched: set[int]) -> frozenset[int]:
    known = use.sure and not (use.computes and not watched.isdisjoint(use.reads))
    return use.writes if known else frozenset()


def _read_before(block: Block, known: int, watched: set[int]) -> set[int]:
    found: set[int] = set()
    for each in block.uses:
        found |= {place for place in each.reads if not known >> place & 1}
        known |= _bits(_surely_written(each, watched))
    return found
