"""Bits: logic, shifts, fields, permutations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from opbench.ptx.frame import Frame
from opbench.ptx.instructions.registry import Source, accept, refused, source, sources, typed, value
from opbench.ptx.module import Immediate, Instruction
from opbench.ptx.number_types import BITS, NUMPY, Array, width

LOGIC: dict[str, Callable[[Array, Array], Array]] = {
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}
PRMT_SIGN = 8


@value("and", "or", "xor")
def logic(instruction: Instruction) -> Source:
    accept(instruction)
    a, b = sources(instruction, typed(instruction, "pred", "b16", "b32", "b64"), 2)
    compute = LOGIC[instruction.opcode]
    return lambda frame: compute(a(frame), b(frame))


@value("not", "cnot")
def complement(instruction: Instruction) -> Source:
    accept(instruction)
    (a,) = sources(instruction, typed(instruction, "pred", "b16", "b32", "b64"), 1)
    if instruction.opcode == "cnot":
        return lambda frame: (a(frame) == 0).astype(NUMPY[instruction.type])
    return lambda frame: np.invert(a(frame))


@value("shl", "shr")
def shift(instruction: Instruction) -> Source:
    """Counts beyond the width shift everything out: zeros come in, and copies of the sign for .s types."""
    accept(instruction)
    kind = typed(instruction, "b16", "b32", "b64", "u16", "u32", "u64", "s16", "s32", "s64")
    a = source(instruction, instruction.operands[1], kind)
    by = source(instruction, instruction.operands[2], "u32")
    count = instruction.operands[2]
    if isinstance(count, Immediate) and isinstance(count.value, int) and 0 <= count.value < 8 * width(kind):
        direction: Any = np.left_shift if instruction.opcode == "shl" else np.right_shift
        constant = np.array([count.value]).astype(NUMPY[kind])
        return lambda frame: direction(a(frame), constant)
    compute = shifted_left if instruction.opcode == "shl" else shifted_right
    return lambda frame: compute(a(frame), by(frame))


def shifted_left(a: Array, by: Array) -> Array:
    bits = 8 * a.dtype.itemsize
    moved = np.left_shift(a, np.minimum(by, bits - 1).astype(a.dtype))
    return np.asarray(moved if by.max() < bits else np.where(by < bits, moved, a.dtype.type(0)))


def shifted_right(a: Array, by: Array) -> Array:
    bits = 8 * a.dtype.itemsize
    moved = np.right_shift(a, np.minimum(by, bits - 1).astype(a.dtype))
    whole = a.dtype.kind == "i" or by.max() < bits
    return np.asarray(moved if whole else np.where(by < bits, moved, a.dtype.type(0)))


@value("shf")
def funnel_shift(instruction: Instruction) -> Source:
    """The upper (left) or lower (right) half of {b, a} shifted; .clamp counts up to 32, .wrap modulo 32."""
    modes = accept(instruction, "l", "r", "clamp", "wrap")
    typed(instruction, "b32")
    a, b, c = sources(instruction, "b32", 3)

    def compute(frame: Frame) -> Array:
        count = c(frame)
        by = (count & np.uint32(31) if "wrap" in modes else np.minimum(count, np.uint32(32))).astype(np.uint64)
        both = b(frame).astype(np.uint64) << np.uint64(32) | a(frame)
        return ((both << by) >> np.uint64(32) if "l" in modes else both >> by).astype(np.uint32)

    return compute


@value("prmt")
def permute(instruction: Instruction) -> Source:
    """Four bytes out of the eight of {b, a}; the highest bit of a selector gives the sign of its byte instead."""
    accept(instruction)
    typed(instruction, "b32")
    a, b, c = sources(instruction, "b32", 3)

    def compute(frame: Frame) -> Array:
        both = b(frame).astype(np.uint64) << np.uint64(32) | a(frame)
        chosen = c(frame)
        found: Array = np.zeros(1, np.uint32)
        for place in range(4):
            selector = chosen >> np.uint32(4 * place) & np.uint32(15)
            byte = (both >> (8 * (selector & np.uint32(7))).astype(np.uint64)).astype(np.uint32) & np.uint32(255)
            sign = np.where(byte & np.uint32(128), np.uint32(255), np.uint32(0))
            byte = np.where(selector & np.uint32(PRMT_SIGN), sign, byte)
            found = found | byte << np.uint32(8 * place)
        return found

    return compute


@value("bfe")
def extract_field(instruction: Instruction) -> Source:
    """Bits `start` to `start + length`, beyond the width copies of the sign for .s types, else zeros."""
    accept(instruction)
    kind = typed(instruction, "u32", "s32", "u64", "s64")
    a = source(instruction, instruction.operands[1], kind)
    start, length = (source(instruction, each, "u32") for each in instruction.operands[2:])

    def compute(frame: Frame) -> Array:
        x, bits = a(frame), 8 * width(kind)
        first, count = start(frame) & np.uint32(255), np.minimum(length(frame) & np.uint32(255), np.uint32(bits))
        field = shifted_right(x, first)
        unused = np.uint32(bits) - count
        return np.where(count == 0, x.dtype.type(0), shifted_right(shifted_left(field, unused), unused))

    return compute


@value("bfi")
def insert_field(instruction: Instruction) -> Source:
    accept(instruction)
    kind = typed(instruction, "b32", "b64")
    a, b = (source(instruction, each, kind) for each in instruction.operands[1:3])
    start, length = (source(instruction, each, "u32") for each in instruction.operands[3:])

    def compute(frame: Frame) -> Array:
        into, bits = b(frame), 8 * width(kind)
        first, count = start(frame) & np.uint32(255), np.minimum(length(frame) & np.uint32(255), np.uint32(bits))
        ones = shifted_right(np.full(1, -1).astype(into.dtype), np.uint32(bits) - count)
        mask = shifted_left(np.where(count == 0, into.dtype.type(0), ones), first)
        return into & ~mask | shifted_left(a(frame), first) & mask

    return compute


@value("lop3")
def any_logic(instruction: Instruction) -> Source:
    """Any function of three bits, as the table of its 8 results."""
    accept(instruction)
    typed(instruction, "b32")
    table = instruction.operands[-1]
    if not isinstance(table, Immediate):
        raise refused(instruction, "expected a constant as table")
    a, b, c = (source(instruction, each, "b32") for each in instruction.operands[1:4])
    rows = [row for row in range(8) if int(table.value) >> row & 1]

    def compute(frame: Frame) -> Array:
        x, y, z = a(frame), b(frame), c(frame)
        found = np.zeros_like(x)
        for row in rows:
            found = found | (x if row & 4 else ~x) & (y if row & 2 else ~y) & (z if row & 1 else ~z)
        return found

    return compute


@value("popc", "clz", "brev")
def single(instruction: Instruction) -> Source:
    accept(instruction)
    (a,) = sources(instruction, typed(instruction, "b32", "b64"), 1)
    compute = {"popc": _ones, "clz": _leading_zeros, "brev": _reversed}[instruction.opcode]
    return lambda frame: compute(a(frame))


def _ones(a: Array) -> Array:
    return np.bitwise_count(a).astype(np.uint32)


def _leading_zeros(a: Array) -> Array:
    for by in (1, 2, 4, 8, 16, 32):
        a = a | shifted_right(a, np.array([by], np.uint32))
    return np.bitwise_count(~a).astype(np.uint32)


def _reversed(a: Array) -> Array:
    bits: Any = np.unpackbits(np.ascontiguousarray(a)[:, None].view(np.uint8), axis=1, bitorder="little")
    packed = np.packbits(bits[:, ::-1], axis=1, bitorder="little")
    turned: Array = np.ascontiguousarray(packed).view(BITS[a.dtype.itemsize])
    return turned[:, 0]
