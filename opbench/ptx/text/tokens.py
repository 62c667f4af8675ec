"""PTX text cut into tokens, each with its line and place; comments and white space are left out.

So is what sections for debuggers hold, which is half of what Triton emits.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from opbench.errors import UsageError

TOKEN = re.compile(
    r"""(?:\s+|//[^\n]*|/\*.*?\*/)*+
    (?:(?P<section>\.section\s+[\w$.]+\s*\{(?:[^{}/"]|//[^\n]*)*\})
    |(?P<token>"[^"\n]*"|(?:[\w$%.]|::)+|[-@!{}\[\](),;:+|<>=])
    |(?P<wrong>.)
    |(?P<end>\Z))""",
    re.VERBOSE | re.DOTALL,
)
SECTION = ".section {...}"
"""The text of the token that a section is, whole."""


class Reader:
    """Tokens one by one, and what was expected where something else came."""

    def __init__(self, text: str) -> None:
        """Raises UsageError at a character that PTX does not have."""
        self.text = text
        self._breaks = [each.start() for each in re.finditer("\n", text)]
        self._texts: list[str] = []
        self._starts: list[int] = []
        self._at = 0
        for match in TOKEN.finditer(text):
            kind = match.lastgroup or ""
            start = match.start(kind)
            if kind == "end":
                break
            if kind == "wrong":
                raise UsageError(
                    f"PTX line {self._line(start)}: {text[start]!r} is no part of PTX; is this the text of a .ptx file?"
                )
            self._texts.append(match[kind] if kind == "token" else SECTION)
            self._starts.append(start)
        self._count = len(self._texts)

    def _line(self, start: int) -> int:
        return bisect_left(self._breaks, start) + 1

    @property
    def line(self) -> int:
        """The line of the next token, or of the last one at the end."""
        return self._line(self._starts[min(self._at, self._count - 1)]) if self._count else 1

    @property
    def start(self) -> int:
        """The offset of the next token; the length of the text at the end."""
        return self._starts[self._at] if self._at < self._count else len(self.text)

    @property
    def line_before(self) -> int:
        """The line of the token that was taken last."""
        return self._line(self._starts[self._at - 1])

    def peek(self, ahead: int = 0) -> str:
        """The text of the next token; "" at the end."""
        place = self._at + ahead
        return self._texts[place] if place < self._count else ""

    def take(self) -> str:
        """The text of the next token, which is taken. Raises UsageError at the end of the text."""
        if self._at >= self._count:
            raise UsageError(f"PTX line {self.line}: the text ends in the middle of a statement; is it cut off?")
        self._at += 1
        return self._texts[self._at - 1]

    def skip(self, text: str) -> bool:
        """Whether the next token is `text`, which is then taken."""
        if self.peek() != text:
            return False
        self._at += 1
        return True

    def expect(self, text: str) -> None:
        """Takes the next token, which has to be `text`. Raises UsageError."""
        if not self.skip(text):
            raise self.refused(f"expected {text!r}")

    def rest_of_line(self) -> list[str]:
        """Tokens up to the end of the line that the last one is on: for directives that no semicolon ends."""
        line = self.line_before
        end = self._breaks[line - 1] if line <= len(self._breaks) else len(self.text)
        first = self._at
        self._at = bisect_left(self._starts, end, first)
        return self._texts[first : self._at]

    def skip_braces(self) -> None:
        """From `{` to the `}` that closes it."""
        self.expect("{")
        depth = 1
        while depth:
            depth += {"{": 1, "}": -1}.get(self.take(), 0)

    def refused(self, reason: str) -> UsageError:
        """The error that names what comes next and its line."""
        return UsageError(f"PTX line {self.line}: {reason}, got {self.peek() or 'the end of the text'!r}")
