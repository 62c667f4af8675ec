"""PTX text cut into tokens, each with its line and place; comments and white space are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from opbench.errors import UsageError

TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>"[^"\n]*")
    |(?P<word>(?:[\w$%.]|::)+)
    |(?P<mark>[-@!{}\[\](),;:+|<>=])""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """`start` and `end` are offsets in the text, `line` counts from 1."""

    text: str
    line: int
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """Raises UsageError at a character that PTX does not have."""
    place, line = 0, 1
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise UsageError(f"PTX line {line}: {text[place]!r} is no part of PTX; is this the text of a .ptx file?")
        if match.lastgroup != "space":
            yield Token(match[0], line, place, match.end())
        line += match[0].count("\n")
        place = match.end()


class Reader:
    """Tokens one by one, and what was expected where something else came."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = list(tokens(text))
        self._at = 0

    @property
    def line(self) -> int:
        """The line of the next token, or of the last one at the end."""
        return self._tokens[min(self._at, len(self._tokens) - 1)].line if self._tokens else 1

    def peek(self, ahead: int = 0) -> str:
        """The text of the next token; "" at the end."""
        place = self._at + ahead
        return self._tokens[place].text if place < len(self._tokens) else ""

    def take(self) -> Token:
        """The next token. Raises UsageError at the end of the text."""
        if self._at >= len(self._tokens):
            raise UsageError(f"PTX line {self.line}: the text ends in the middle of a statement; is it cut off?")
        self._at += 1
        return self._tokens[self._at - 1]

    def skip(self, text: str) -> bool:
        """Whether the next token is `text`, which is then taken."""
        if self.peek() != text:
            return False
        self._at += 1
        return True

    def expect(self, text: str) -> Token:
        """The next token, which has to be `text`. Raises UsageError."""
        if self.peek() != text:
            raise self.refused(f"expected {text!r}")
        return self.take()

    def rest_of_line(self) -> list[str]:
        """Tokens up to the end of the line that the last one is on: for directives that no semicolon ends."""
        line = self._tokens[self._at - 1].line
        taken = []
        while self._at < len(self._tokens) and self._tokens[self._at].line == line:
            taken.append(self.take().text)
        return taken

    def skip_braces(self) -> None:
        """From `{` to the `}` that closes it."""
        self.expect("{")
        depth = 1
        while depth:
            depth += {"{": 1, "}": -1}.get(self.take().text, 0)

    def refused(self, reason: str) -> UsageError:
        """The error that names what comes next and its line."""
        return UsageError(f"PTX line {self.line}: {reason}, got {self.peek() or 'the end of the text'!r}")
