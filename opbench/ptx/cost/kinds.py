"""What kind of work an instruction is."""

from __future__ import annotations

from opbench.ptx.module import Instruction

KINDS = "memory", "float", "integer", "conversion", "control", "other"

MEMORY = frozenset(["ld", "ldu", "st", "atom", "red", "ldmatrix", "stmatrix", "prefetch"])
CONVERSION = frozenset(["cvt", "cvta"])
CONTROL = frozenset(
    ["bra", "ret", "exit", "trap", "bar", "barrier", "membar", "fence", "nanosleep", "activemask", "setp"]
)
OTHER = frozenset(["mov", "selp", "shfl", "vote", "redux", "prmt", "isspacep"])
"""Copies, choices and exchanges: they compute nothing."""
FLOATS = frozenset(["f16", "f16x2", "bf16", "bf16x2", "f32", "f64"])


def kind_of(instruction: Instruction) -> str:
    """One of KINDS. A parameter's load is `other`: what devices make of it is an operand in constant memory."""
    opcode = instruction.opcode
    if opcode in MEMORY:
        return "other" if "param" in instruction.modifiers else "memory"
    for kind, opcodes in (("conversion", CONVERSION), ("control", CONTROL), ("other", OTHER)):
        if opcode in opcodes:
            return kind
    return "float" if FLOATS & {*instruction.modifiers} else "integer"
