"""Operands: registers, constants, addresses, vectors."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from functools import lru_cache

from opbench.errors import UsageError
from opbench.ptx.module import Address, Immediate, Negated, Operand, Register, Special, Symbol, Vector
from opbench.ptx.text.tokens import Reader

INTEGER = re.compile(r"(0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9]\d*)U?")
SPECIALS = frozenset(
    [f"%{name}.{axis}" for name in ("tid", "ntid", "ctaid", "nctaid") for axis in "xyz"]
    + ["%laneid", "%warpid", "%nwarpid", "%smid", "%nsmid", "%total_smem_size", "%dynamic_smem_size", "WARP_SZ"]
    + [f"%lanemask_{relation}" for relation in ("eq", "lt", "le", "gt", "ge")]
)

Lookup = Callable[[str], Register | None]


@lru_cache(maxsize=4096)
def number(word: str) -> int | float | None:
    """`12`, `0x1fU`, `0f3F800000`, `0d3FF0000000000000`, `1.5`; None for anything else."""
    if word[:2] in {"0f", "0F"} and len(word) == 10:
        return float(struct.unpack(">f", bytes.fromhex(word[2:]))[0])
    if word[:2] in {"0d", "0D"} and len(word) == 18:
        return float(struct.unpack(">d", bytes.fromhex(word[2:]))[0])
    if match := INTEGER.fullmatch(word):
        digits = match[1]
        octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
        return int(digits, 8 if octal else 0)
    if re.fullmatch(r"\d+\.\d*(?:[eE]\d+)?", word):
        return float(word)
    return None


def operand(reader: Reader, lookup: Lookup) -> Operand:
    """The next operand. Raises UsageError for what is none, and for an unknown register."""
    begins = BEGINNINGS.get(reader.peek())
    if begins is not None:
        return begins(reader, lookup)
    first = _word(reader, lookup)
    if reader.skip("|"):
        return Vector((first, _word(reader, lookup)))
    return first


def _vector(reader: Reader, lookup: Lookup) -> Operand:
    reader.expect("{")
    parts = [operand(reader, lookup)]
    while reader.skip(","):
        parts.append(operand(reader, lookup))
    reader.expect("}")
    return Vector(tuple(parts))


def _address(reader: Reader, lookup: Lookup) -> Operand:
    reader.expect("[")
    base = operand(reader, lookup)
    if not isinstance(base, Register | Symbol | Immediate):
        raise reader.refused("an address begins with a register, a name or a number")
    offset = 0
    if reader.skip("+") or reader.peek() == "-":
        offset = int(signed(reader))
    reader.expect("]")
    return Address(base, offset)


def signed(reader: Reader, problem: str = "expected a number") -> int | float:
    """The next number, a minus before it or not. Raises UsageError with the `problem` where there is none."""
    sign = -1 if reader.skip("-") else 1
    value = number(reader.peek())
    if value is None:
        raise reader.refused(problem)
    reader.take()
    return sign * value


def _negated(reader: Reader, lookup: Lookup) -> Operand:
    reader.expect("!")
    return Negated(_register(reader, lookup))


def _negative(reader: Reader, _: Lookup) -> Operand:
    return Immediate(signed(reader))


BEGINNINGS: dict[str, Callable[[Reader, Lookup], Operand]] = {
    "{": _vector, "[": _address, "!": _negated, "-": _negative,
}  # fmt: skip


def _register(reader: Reader, lookup: Lookup) -> Register:
    found = _word(reader, lookup)
    if not isinstance(found, Register):
        raise reader.refused("expected a register before this")
    return found


def _word(reader: Reader, lookup: Lookup) -> Operand:
    word = reader.take()
    if found := lookup(word):
        return found
    if (value := number(word)) is not None:
        return Immediate(value)
    if word in SPECIALS:
        return Special(word)
    if word[0] == "%":
        raise UsageError(
            f"PTX line {reader.line_before}: no register {word!r} is declared here; "
            f"special registers known are {', '.join(sorted(SPECIALS))}"
        )
    if not re.fullmatch(r"[\w$][\w$.]*", word):
        raise UsageError(f"PTX line {reader.line_before}: {word!r} is no operand")
    return Symbol(word)
