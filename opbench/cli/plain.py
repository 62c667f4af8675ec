"""Text from anywhere made fit for a terminal: nothing in it moves the cursor, clears, links or turns letters round."""

from __future__ import annotations

import unicodedata

_OTHER = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode that a terminal acts on or cannot show: controls, bidirectional marks and other formats, halves
of pairs, private and unassigned ones, separators of lines."""


def plain(text: str, keep: str = "") -> str:
    r"""`text` with each character that is no visible one written out: `\x1b`, `\u202e`; letters stay as they are.

    keep: control characters that may stay, such as "\n" where the text has lines of its own.
    """
    if text.isascii() and text.isprintable():  # nearly always, and a hundred times quicker
        return text
    return "".join(char if char in keep or unicodedata.category(char) not in _OTHER else _spelt(char) for char in text)


def _spelt(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
