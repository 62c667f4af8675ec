"""Declared variables: `.shared .align 16 .b8 name[1024];` and their like, with initial values."""

from __future__ import annotations

import numpy as np

from opbench.ptx.module import Variable
from opbench.ptx.number_types import NUMPY, width
from opbench.ptx.text.operands import number, signed
from opbench.ptx.text.tokens import Reader

SPACES = frozenset([".shared", ".global", ".const", ".local"])
IGNORED = frozenset([".attribute", ".managed", ".unified"])


def integer(reader: Reader) -> int:
    """The next token as an integer. Raises UsageError for anything else."""
    value = number(reader.peek())
    if not isinstance(value, int):
        raise reader.refused("expected an integer")
    reader.take()
    return value


def variable(reader: Reader) -> list[Variable]:
    """One declaration, of one name or several. Raises UsageError, with its line, for what is not known of it."""
    space = reader.take()[1:]
    align, kind = 0, ""
    while reader.peek().startswith("."):
        word = reader.take()[1:]
        if word == "align":
            align = integer(reader)
        elif word in NUMPY:
            kind = word
        else:
            raise reader.refused(f"no attribute .{word} of a variable is known, before this")
    if not kind:
        raise reader.refused("expected a type")
    found = [_named(reader, space, align, kind)]
    while reader.skip(","):
        found.append(_named(reader, space, align, kind))
    reader.expect(";")
    return found


def _named(reader: Reader, space: str, align: int, kind: str) -> Variable:
    name = reader.take()
    count = 1
    while reader.skip("["):
        count *= 0 if reader.peek() == "]" else integer(reader)
        reader.expect("]")
    initial = b""
    if reader.skip("="):
        values = _values(reader)
        count = count or len(values)
        initial = np.array(values).astype(NUMPY[kind]).tobytes()
    return Variable(name, space, align or width(kind), count * width(kind), initial)


def _values(reader: Reader) -> list[int | float]:
    if not reader.skip("{"):
        return [_value(reader)]
    found: list[int | float] = []
    while not reader.skip("}"):
        found += _values(reader) if reader.peek() == "{" else [_value(reader)]
        reader.skip(",")
    return found


def _value(reader: Reader) -> int | float:
    return signed(reader, "expected a number; addresses as initial values are not known")
