"""Registers that some path leaves unwritten: a bool for each thread says whether one is known, and travels with it."""

from __future__ import annotations

import numpy as np

from opbench.ptx.frame import Frame, ThreadError
from opbench.ptx.instructions.registry import Effect, predicate
from opbench.ptx.module import Instruction, Register
from opbench.ptx.number_types import Array
from opbench.ptx.running.blocks import read, registers


def check(asked: list[Register], watched: dict[int, int]) -> Effect:
    """Raises ThreadError where a thread uses one that was never written."""

    def run(frame: Frame, mask: Array | None) -> None:
        for register in asked:
            known = frame.values[watched[register.place]]
            wrong = ~known if mask is None else ~known & mask
            if wrong.any():
                raise ThreadError(
                    f"uninitialised: uses {register.name}, which was never written, or computed from what was not",
                    int(wrong.argmax()),
                )

    return run


def marks(instruction: Instruction, results: list[int], watched: dict[int, int]) -> tuple[Effect, Effect]:
    """Before an instruction: how known its results will be, which is as known as what they come from. Behind: that."""
    places = [watched.get(each.place) for each in read(instruction)]
    origins = [each for each in places if each is not None]
    chooses = instruction.opcode == "selp" and len(instruction.operands) == 4
    found: list[Array] = []

    def before(frame: Frame, mask: Array | None) -> None:
        del mask
        known = np.ones(frame.count, np.bool_)
        if chooses and origins:
            known = _chosen(instruction, frame, watched)
        else:
            for origin in origins:
                known = known & frame.values[origin]
        found[:] = [known]

    def behind(frame: Frame, mask: Array | None) -> None:
        for watch in results:
            frame.values[watch] = found[0] if mask is None else np.where(mask, found[0], frame.values[watch])

    return before, behind


def _chosen(instruction: Instruction, frame: Frame, watched: dict[int, int]) -> Array:
    """`selp` is as known as its predicate and what that chooses."""

    def known(place: int) -> Array:
        named = registers(instruction.operands[place : place + 1])
        watch = watched.get(named[0].place) if named else None
        return np.ones(frame.count, np.bool_) if watch is None else frame.values[watch]

    choice = predicate(instruction, instruction.operands[3])(frame)
    return np.where(choice, known(1), known(2)) & known(3)
