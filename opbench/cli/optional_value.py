"""An option that may stand alone or with a value, which typer has no word for: `--simulate`, `--simulate=ptx`,
`--simulate ptx`; `--serve`, `--serve 8000`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from typer.core import TyperCommand

from opbench.simulation import WAYS


def with_value(arguments: Sequence[str], option: str, alone: str, is_value: Callable[[str], bool]) -> list[str]:
    """The command line, in which the option has a value: `alone` where what stands behind it is none."""
    found: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == option:
            value = rest.pop(0) if rest and is_value(rest[0]) else alone
            word = f"{option}={value}"
        found.append(word)
    return found


class OptionalValue(TyperCommand):
    """A command with such an option; `alone` is its value where it has none."""

    option: ClassVar[str]
    alone: ClassVar[str]

    def is_value(self, word: str) -> bool:
        """Whether a word behind the option is its value, and no argument of the command."""
        raise NotImplementedError

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_value(args, self.option, self.alone, self.is_value))


class Simulating(OptionalValue):
    """`--simulate` and a way."""

    option: ClassVar[str] = "--simulate"
    alone: ClassVar[str] = WAYS[0]

    def is_value(self, word: str) -> bool:
        return word in WAYS


class Serving(OptionalValue):
    """`--serve` and a port; alone any that is free."""

    option: ClassVar[str] = "--serve"
    alone: ClassVar[str] = "0"

    def is_value(self, word: str) -> bool:
        return word.isascii() and word.isdigit()
