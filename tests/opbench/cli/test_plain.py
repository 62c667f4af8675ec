"""Nothing that a terminal would act on gets through, and everything that can be read does."""

from __future__ import annotations

import sys

import pytest

from opbench.cli.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("triton_jit:balanced, 3 × 10⁻⁶ s ± 2 %", "triton_jit:balanced, 3 × 10⁻⁶ s ± 2 %"),
        ("日本語 e\u0301", "日本語 e\u0301"),
        ("\x1b[2J\x1b[H", r"\x1b[2J\x1b[H"),
        ("\x1b]8;;http://x\x07here\x1b]8;;\x1b\\", r"\x1b]8;;http://x\x07here\x1b]8;;\x1b" + "\\"),
        ("passed\rfailed", r"passed\rfailed"),
        ("one\ntwo\tthree", r"one\ntwo\tthree"),
        ("\x9b31m", r"\x9b31m"),
        ("abc\u202edef\u2066", r"abc\u202edef\u2066"),
        ("a\u2028b\u200bc\ufeff", r"a\u2028b\u200bc\ufeff"),
        ("\udc80", r"\udc80"),
        ("\U000e0041", r"\U000e0041"),
        ("\x7f", r"\x7f"),
    ],
)
def test_what_a_terminal_acts_on_is_spelt_out(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_lines_stay_where_the_text_has_lines_of_its_own() -> None:
    assert plain("one\ntwo\r\x1b", keep="\n") == "one\ntwo\\r\\x1b"


def test_no_character_of_unicode_gets_through_that_python_would_not_print() -> None:
    through = (char for char in map(chr, range(sys.maxunicode + 1)) if plain(char) == char)
    assert {char for char in through if not char.isprintable()} <= {
        char for char in map(chr, range(0x3001)) if char.isspace()
    }


def test_what_is_spelt_out_stays_so() -> None:
    once = plain("\x1b\u202e\n")
    assert plain(once) == once
