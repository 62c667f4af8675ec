"""How instructions are known: by opcode, as something that makes a Python function of one of them.

A *value* has one result and touches nothing else: it is made from operands to an array, and the machine stores that. An
*effect* does more (memory, several results), and is told which of the threads in its frame execute it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from opbench.errors import UsageError, unknown
from opbench.ptx.frame import Frame
from opbench.ptx.module import Immediate, Instruction, Negated, Operand, Register, Special, Symbol, Vector
from opbench.ptx.number_types import BITS, NUMPY, Array, is_float, storage, width

Source = Callable[[Frame], Array]
Effect = Callable[[Frame, Array | None], None]

VALUES: dict[str, Callable[[Instruction], Source]] = {}
EFFECTS: dict[str, Callable[[Instruction], Effect]] = {}


def value(*opcodes: str) -> Callable[[Callable[[Instruction], Source]], Callable[[Instruction], Source]]:
    """Makes the function below known as what these opcodes compute."""

    def known(make: Callable[[Instruction], Source]) -> Callable[[Instruction], Source]:
        VALUES.update(dict.fromkeys(opcodes, make))
        return make

    return known


def effect(*opcodes: str) -> Callable[[Callable[[Instruction], Effect]], Callable[[Instruction], Effect]]:
    """Makes the function below known as what these opcodes do."""

    def known(make: Callable[[Instruction], Effect]) -> Callable[[Instruction], Effect]:
        EFFECTS.update(dict.fromkeys(opcodes, make))
        return make

    return known


def refused(instruction: Instruction, reason: str) -> UsageError:
    """The error for an instruction that cannot be executed, with its line."""
    return UsageError(f"PTX line {instruction.line}: {instruction.text}: {reason}")


def accept(instruction: Instruction, *known: str) -> set[str]:
    """The modifiers before the type. Raises UsageError for one that is not `known`: none is passed over."""
    for modifier in instruction.modifiers[:-1]:
        if modifier not in known:
            raise refused(instruction, str(unknown("modifier", modifier, known)))
    return set(instruction.modifiers[:-1])


def typed(instruction: Instruction, *kinds: str) -> str:
    """The type of the instruction. Raises UsageError where it is none of `kinds`."""
    if instruction.type not in kinds:
        raise refused(instruction, str(unknown("type", instruction.type, kinds)))
    return instruction.type


def source(instruction: Instruction, operand: Operand, kind: str) -> Source:
    """Reads an operand as that type: (count,), or (1,) where all threads have the same.

    A wider register gives its lower bits. Raises UsageError for a narrower one.
    """
    if isinstance(operand, Register):
        return _register(instruction, operand, kind)
    if isinstance(operand, Immediate):
        constant = immediate(operand.value, kind)
        return lambda _: constant
    if isinstance(operand, Special):
        name = operand.name
        return lambda frame: frame.threads.of(name).astype(NUMPY[kind], copy=False)
    if isinstance(operand, Symbol) and width(kind) in {4, 8}:
        name = operand.name
        return lambda frame: np.array([frame.memory.address(name)], np.uint64).astype(NUMPY[kind])
    raise refused(instruction, f"{operand} cannot be read as .{kind}")


def sources(instruction: Instruction, kind: str, count: int) -> list[Source]:
    """`source` of each of the `count` operands behind the result. Raises UsageError for another number of them."""
    operands = instruction.operands[1:]
    if len(operands) != count:
        raise refused(instruction, f"expected {count + 1} operands, got {len(operands) + 1}")
    return [source(instruction, each, kind) for each in operands]


def _register(instruction: Instruction, register: Register, kind: str) -> Source:
    place, kept, wanted = register.place, storage(register.type), NUMPY[kind]
    if (kept is np.bool_) != (kind == "pred") or width(register.type) < width(kind):
        raise refused(instruction, f"{register.name} is .{register.type}, expected .{kind}")
    if kept is wanted:
        return lambda frame: frame.values[place]
    if width(register.type) == width(kind):
        return lambda frame: frame.values[place].view(wanted)
    bits = BITS[width(kind)]
    return lambda frame: frame.values[place].astype(bits).view(wanted)


def immediate(number: float, kind: str) -> Array:
    """A constant as (1,) of that type; an integer wraps, and a float in an integer type gives its bits."""
    wanted = np.dtype(NUMPY[kind])
    if kind == "pred":
        return np.array([bool(number)])
    if isinstance(number, float):
        floats = {2: np.float16, 4: np.float32, 8: np.float64}[wanted.itemsize]
        return np.array([number], floats).view(wanted)
    if is_float(kind) and wanted.kind == "f":
        return np.array([number], wanted)
    wrapped = number & ((1 << (8 * wanted.itemsize)) - 1)
    return np.array([wrapped], BITS[wanted.itemsize]).view(wanted)


def stored(computed: Array, kept: np.dtype[Any]) -> Array:
    """A result as a register of that storage type keeps it, extended by the sign of what was computed.

    Raises ValueError for 0-dimensional ones, which NumPy computes differently.
    """
    if computed.dtype == kept:
        return computed
    if computed.dtype.itemsize < kept.itemsize:
        if computed.dtype.kind == "f":
            computed = computed.view(BITS[computed.dtype.itemsize])
        return computed.astype(kept)
    return computed.view(kept)


def sinks(instruction: Instruction) -> tuple[Register | None, ...]:
    """The registers of the first operand; None for `_`, whose value is not kept."""
    first = instruction.operands[0] if instruction.operands else None
    parts = first.parts if isinstance(first, Vector) else (first,)
    for each in parts:
        if not isinstance(each, Register) and each != Symbol("_"):
            raise refused(instruction, "expected registers as result")
    return tuple(each if isinstance(each, Register) else None for each in parts)


def keep(frame: Frame, register: Register, computed: Array, mask: Array | None) -> None:
    """Stores a result for the threads of `mask`, a bool (count,); the others keep what they had."""
    found = stored(computed, np.dtype(storage(register.type)))
    frame.values[register.place] = found if mask is None else np.where(mask, found, frame.values[register.place])


def predicate(instruction: Instruction, operand: Operand) -> Source:
    """Reads `%p` or `!%p`."""
    if isinstance(operand, Negated):
        inner = source(instruction, operand.register, "pred")
        return lambda frame: ~inner(frame)
    return source(instruction, operand, "pred")
