"""Moves: mov, with vectors packed and unpacked, and cvta."""

from __future__ import annotations

import numpy as np

from opbench.ptx.frame import Frame
from opbench.ptx.instructions.registry import (
    Effect,
    Source,
    accept,
    effect,
    keep,
    refused,
    sinks,
    source,
    sources,
    typed,
    value,
)  # fmt: skip
from opbench.ptx.module import Instruction, Vector
from opbench.ptx.number_types import BITS, NUMPY, Array, width


@value("mov")
def move(instruction: Instruction) -> Source:
    """`mov.b32 r, {a, b}` packs, the first part into the lowest bits."""
    accept(instruction)
    kind = typed(instruction, *NUMPY)
    operand = instruction.operands[1]
    if not isinstance(operand, Vector):
        return source(instruction, operand, kind)
    part = width(kind) // len(operand.parts)
    reads = [source(instruction, each, f"b{8 * part}") for each in operand.parts]
    bits = BITS[width(kind)]

    def compute(frame: Frame) -> Array:
        found = reads[0](frame).astype(bits)
        for place, read in enumerate(reads[1:], 1):
            found = found | read(frame).astype(bits) << bits(8 * part * place)
        return found

    return compute


@effect("mov.unpack")
def unpack(instruction: Instruction) -> Effect:
    """`mov.b32 {a, b}, r`: the parts of one register, the lowest bits first."""
    accept(instruction)
    registers = sinks(instruction)
    whole = source(instruction, instruction.operands[1], typed(instruction, "b16", "b32", "b64"))
    part = width(instruction.type) // len(registers)

    def run(frame: Frame, mask: Array | None) -> None:
        bits = whole(frame)
        for place, register in enumerate(registers):
            if register is not None:
                keep(frame, register, (bits >> bits.dtype.type(8 * part * place)).astype(BITS[part]), mask)

    return run


@value("cvta")
def convert_address(instruction: Instruction) -> Source:
    """From an address of a state space to a generic one; with .to the other way. Both are sums with a window's base."""
    words = accept(instruction, "to", "global", "shared", "local", "const", "param")
    kind = typed(instruction, "u64", "u32")
    (read,) = sources(instruction, kind, 1)
    spaces = words - {"to"}
    if len(spaces) != 1 or "param" in spaces:
        raise refused(instruction, "expected one of global, shared, local, const")
    (space,) = spaces
    sign = -1 if "to" in words else 1

    def compute(frame: Frame) -> Array:
        base = np.array(sign * frame.memory.window(space), np.int64).astype(NUMPY[kind])
        moved: Array = np.add(read(frame), base)
        return moved

    return compute
