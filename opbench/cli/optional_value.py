"""An option that may stand alone or with a value, which typer has no word for: `--simulate`, `--simulate=ptx`,
`--simulate ptx`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from typer.core import TyperCommand

from opbench.simulation import WAYS


def with_value(arguments: Sequence[str], option: str, values: Sequence[str]) -> list[str]:
    """The command line, in which the option has a value: the first of `values` where none of them stands behind it."""
    found: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == option:
            value = rest.pop(0) if rest and rest[0] in values else values[0]
            word = f"{option}={value}"
        found.append(word)
    return found


class Simulating(TyperCommand):
    """A command whose `--simulate` has a value or none."""

    option: ClassVar[str] = "--simulate"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_value(args, self.option, WAYS))
