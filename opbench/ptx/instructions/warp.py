"""What threads of a warp tell each other: shuffles, votes, matches, reductions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from opbench.ptx.frame import Frame, ThreadError
from opbench.ptx.instructions.registry import (
    Effect,
    accept,
    effect,
    keep,
    predicate,
    refused,
    sinks,
    source,
    typed,
)  # fmt: skip
from opbench.ptx.module import Instruction
from opbench.ptx.number_types import NUMPY, Array

LANES = 32
REDUCTIONS: dict[str, Callable[[Array, Array, Array], None]] = {
    "add": np.add.at, "min": np.minimum.at, "max": np.maximum.at,
    "and": np.bitwise_and.at, "or": np.bitwise_or.at, "xor": np.bitwise_xor.at,
}  # fmt: skip


def lanes(frame: Frame) -> tuple[Array, Array]:
    """Warp, counted from the first here, and lane in it, of each thread: int64 (count,)."""
    warp = frame.threads.warp
    return warp - warp[0], frame.threads.of("%laneid").astype(np.int64)


def places(frame: Frame, mask: Array | None) -> Array:
    """int64 (warps, 32): where in the frame the thread of that warp and lane is, -1 where it does not execute this."""
    warp, lane = lanes(frame)
    table = np.full((int(warp[-1]) + 1, LANES), -1)
    numbers = np.arange(frame.count)
    if mask is None:
        table[warp, lane] = numbers
    else:
        table[warp[mask], lane[mask]] = numbers[mask]
    return table


def whole_warps(frame: Frame, mask: Array | None) -> Array:
    """`places`, where of each warp all threads execute this or none. Raises ThreadError where it is some."""
    table = places(frame, mask)
    missing = (table < 0).any(1) & (table >= 0).any(1)
    if missing.any():
        raise ThreadError("not all 32 threads of its warp execute this", max(int(table[missing.argmax()].max()), 0))
    return table


def check_members(frame: Frame, members: Array, mask: Array | None) -> Array:
    """The member masks, uint32 (count,). Raises ThreadError for a thread that its own mask leaves out."""
    named = np.broadcast_to(members, (frame.count,))
    _, lane = lanes(frame)
    wrong = (named >> lane.astype(np.uint32) & np.uint32(1)) == 0
    if mask is not None:
        wrong &= mask
    if wrong.any():
        first = int(wrong.argmax())
        raise ThreadError(f"its lane is not in the member mask {int(named[first]):#010x} that it gives", first)
    return named


@effect("shfl")
def shuffle(instruction: Instruction) -> Effect:
    """`d|p, a, b, c, members`: a of another lane, by the ISA's formulas; p is whether that lane is in range."""
    words = accept(instruction, "sync", "up", "down", "bfly", "idx")
    typed(instruction, "b32")
    modes = words - {"sync"}
    if "sync" not in words or len(modes) != 1:
        raise refused(instruction, "expected shfl.sync with one of up, down, bfly, idx")
    (mode,) = modes
    a, b, c, members = (source(instruction, each, "b32") for each in instruction.operands[1:])
    result, *valid = sinks(instruction)

    def run(frame: Frame, mask: Array | None) -> None:
        warp, lane = lanes(frame)
        named = check_members(frame, members(frame), mask)
        other, inside = partner(mode, lane, b(frame).astype(np.int64), c(frame).astype(np.int64))
        table = places(frame, mask)
        sources_at = table[warp, other]
        unnamed = (named >> other.astype(np.uint32) & np.uint32(1)) == 0
        wrong = (sources_at < 0) | unnamed
        if mask is not None:
            wrong &= mask
        if wrong.any():
            first = int(wrong.argmax())
            raise ThreadError(f"reads lane {int(other[first])}, which does not take part in this shuffle", first)
        values = np.broadcast_to(a(frame), (frame.count,))
        if result is not None:
            keep(frame, result, values[sources_at], mask)
        if valid and valid[0] is not None:
            keep(frame, valid[0], inside, mask)

    return run


def partner(mode: str, lane: Array, b: Array, c: Array) -> tuple[Array, Array]:
    """The lane that is read, int64, and whether that is the one asked for; its own where it is out of range."""
    b, clamp, segment = b & 31, c & 31, c >> 8 & 31
    last = (lane & segment) | (clamp & ~segment)
    if mode == "up":
        asked = lane - b
        inside = asked >= last
    else:
        asked = {"down": lane + b, "bfly": lane ^ b, "idx": (lane & segment) | (b & ~segment)}[mode]
        inside = asked <= last
    return np.where(inside, asked, lane), np.broadcast_to(inside, lane.shape)


@effect("vote")
def vote(instruction: Instruction) -> Effect:
    """all, any and uni give a predicate, ballot a bit for each lane."""
    words = accept(instruction, "sync", "all", "any", "uni", "ballot")
    modes = words - {"sync"}
    if "sync" not in words or len(modes) != 1:
        raise refused(instruction, "expected vote.sync with one of all, any, uni, ballot")
    (mode,) = modes
    asked = predicate(instruction, instruction.operands[1])
    members = source(instruction, instruction.operands[2], "b32")
    (result,) = sinks(instruction)

    def run(frame: Frame, mask: Array | None) -> None:
        check_members(frame, members(frame), mask)
        yes = np.broadcast_to(asked(frame), (frame.count,))
        yes = yes if mask is None else yes & mask
        bits, of_warp = ballot(frame, yes), ballot(frame, np.ones(frame.count, np.bool_) if mask is None else mask)
        if result is not None:
            found = {
                "ballot": bits, "all": bits == of_warp, "any": bits != 0, "uni": (bits == 0) | (bits == of_warp),
            }  # fmt: skip
            keep(frame, result, found[mode], mask)

    return run


def ballot(frame: Frame, yes: Array) -> Array:
    """uint32 (count,): the lanes of its warp that say yes, as bits."""
    warp, lane = lanes(frame)
    bits = np.zeros(int(warp[-1]) + 1, np.uint32)
    np.bitwise_or.at(bits, warp[yes], np.uint32(1) << lane[yes].astype(np.uint32))
    return bits[warp]


@effect("activemask")
def active_mask(instruction: Instruction) -> Effect:
    accept(instruction)
    (result,) = sinks(instruction)

    def run(frame: Frame, mask: Array | None) -> None:
        if result is not None:
            keep(frame, result, ballot(frame, np.ones(frame.count, np.bool_) if mask is None else mask), mask)

    return run


@effect("redux")
def reduce_warp(instruction: Instruction) -> Effect:
    """The sum, minimum, ... of the members' values."""
    words = accept(instruction, "sync", *REDUCTIONS)
    kind = typed(instruction, "u32", "s32", "b32")
    operations = words - {"sync"}
    if len(operations) != 1:
        raise refused(instruction, f"expected one of {', '.join(REDUCTIONS)}")
    (operation,) = operations
    a = source(instruction, instruction.operands[1], kind)
    members = source(instruction, instruction.operands[2], "b32")
    (result,) = sinks(instruction)

    def run(frame: Frame, mask: Array | None) -> None:
        check_members(frame, members(frame), mask)
        warp, _ = lanes(frame)
        limits = np.iinfo(NUMPY[kind])
        start = {"min": limits.max, "max": limits.min, "and": -1}.get(operation, 0)
        totals = np.full(int(warp[-1]) + 1, start).astype(NUMPY[kind])
        values = np.broadcast_to(a(frame), (frame.count,))
        chosen = slice(None) if mask is None else mask
        REDUCTIONS[operation](totals, warp[chosen], values[chosen])
        if result is not None:
            keep(frame, result, totals[warp], mask)

    return run
