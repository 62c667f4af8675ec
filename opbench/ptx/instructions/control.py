"""What only orders memory or only waits: its effect is in how the machine schedules, and nothing is left to do here."""

from __future__ import annotations

from opbench.ptx.frame import Frame
from opbench.ptx.instructions.registry import Effect, effect, refused
from opbench.ptx.module import Immediate, Instruction
from opbench.ptx.number_types import Array

BARRIERS = 16
ORDERS = {"acq_rel", "sc", "acquire", "release", "cta", "cluster", "gpu", "gl", "sys", "u32", "global", "L1", "L2"}


@effect("bar", "barrier")
def barrier(instruction: Instruction) -> Effect:
    """All threads of a block, or with .warp those of a mask. `.cta` and `.aligned` say no more than is so here.

    Raises UsageError for barriers of a part of the block, and for those that reduce or only arrive.
    """
    words = {*instruction.modifiers}
    if "sync" not in words or words - {"sync", "cta", "aligned", "warp"}:
        raise refused(instruction, "of barriers only bar.sync, barrier.sync and bar.warp.sync are known")
    first = instruction.operands[0] if instruction.operands else None
    if "warp" not in words and (
        len(instruction.operands) != 1 or not isinstance(first, Immediate) or not 0 <= first.value < BARRIERS
    ):
        raise refused(instruction, "expected the number of a barrier, 0 to 15, and all threads of the block at it")
    return nothing


@effect("membar", "fence", "nanosleep", "prefetch")
def ordering(instruction: Instruction) -> Effect:
    """Memory is in order here, and there are no caches."""
    if unknown := {*instruction.modifiers} - ORDERS:
        raise refused(instruction, f"modifiers not known: {', '.join(sorted(unknown))}")
    return nothing


def nothing(frame: Frame, mask: Array | None) -> None:
    del frame, mask
