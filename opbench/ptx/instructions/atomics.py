"""atom and red: read, compute and write at once, thread after thread: in the order of their numbers, or in one drawn by
a launch's seed, as no device promises any.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from opbench.ptx.frame import Access, Frame
from opbench.ptx.instructions.access import ORDERS, SPACES, Place, state_space
from opbench.ptx.instructions.registry import (
    Effect,
    accept,
    effect,
    keep,
    refused,
    sinks,
    source,
    typed,
)  # fmt: skip
from opbench.ptx.module import Instruction
from opbench.ptx.number_types import BITS, NUMPY, Array, width

OPERATIONS: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add, "min": np.minimum, "max": np.maximum,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
    "exch": lambda _, new: new,
    "inc": lambda old, limit: np.where(old >= limit, old.dtype.type(0), old + old.dtype.type(1)),
    "dec": lambda old, limit: np.where((old == 0) | (old > limit), limit, old - old.dtype.type(1)),
}  # fmt: skip


@effect("atom", "red")
def atomic(instruction: Instruction) -> Effect:
    """`atom` keeps what was there before, `red` does not. `cas` stores the third operand where the second was there."""
    words = accept(instruction, *SPACES, *ORDERS, *OPERATIONS, "cas", "noftz")
    kind = typed(instruction, "b32", "u32", "s32", "f32", "b64", "u64", "s64", "f64", "f16", "b16")
    names = words & {*OPERATIONS, "cas"}
    if len(names) != 1:
        raise refused(instruction, f"expected one of {', '.join([*OPERATIONS, 'cas'])}")
    (name,) = names
    register = sinks(instruction)[0] if instruction.opcode == "atom" else None
    address, *operands = instruction.operands[1:] if instruction.opcode == "atom" else instruction.operands
    if len(operands) != (2 if name == "cas" else 1):
        raise refused(instruction, "this number of operands is not known")
    reads = [source(instruction, each, kind) for each in operands]
    size = width(kind)
    place = Place(instruction, address, Access(state_space(instruction), size, True, True))
    bits, shift = BITS[size], size.bit_length() - 1

    def run(frame: Frame, mask: Array | None) -> None:
        for chosen, region, positions in place.parts(frame, mask):
            values = [np.broadcast_to(read(frame), (frame.count,)) for read in reads]
            if chosen is not None:
                values = [each[chosen] for each in values]
            draw = frame.memory.orders
            turns = None if draw is None else draw.permutation(positions.size)
            old = _one_by_one(name, region.view(bits).view(NUMPY[kind]), positions >> shift, values, turns)
            if register is None:
                continue
            everywhere, taking = np.zeros(frame.count, old.dtype), np.zeros(frame.count, np.bool_)
            where = slice(None) if chosen is None else chosen
            everywhere[where], taking[where] = old, True
            keep(frame, register, everywhere, taking)

    return run


def _one_by_one(name: str, view: Array, places: Array, values: list[Array], turns: Array | None) -> Array:
    """In rounds: the first thread at every address, then the second ones, and so on. Returns what each one found."""
    old = np.zeros(places.size, view.dtype)
    for chosen in rounds(places, turns):
        at = places[chosen]
        found = view[at]
        old[chosen] = found
        if name == "cas":
            expected, new = (each[chosen] for each in values)
            view[at] = np.where(found == expected, new, found)
        else:
            view[at] = OPERATIONS[name](found, values[0][chosen])
    return old


def rounds(places: Array, turns: Array | None = None) -> list[Array]:
    """Indices of `places` in groups, no place twice in any: of those at one place the lower `turns` first, int64 (n,);
    where that is left out, the earlier ones.
    """
    order = np.argsort(places, kind="stable") if turns is None else np.lexsort((turns, places))
    ordered = places[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    rank = np.arange(places.size) - np.repeat(starts, np.diff(np.append(starts, places.size)))
    return [order[rank == each] for each in range(int(rank.max()) + 1)]
