"""What of a scout's report leaves nothing to measure: tests that cannot be collected, or no benchmark among them."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from opbench.errors import MachineError, UsageError
from opbench.gate.listing import Found
from opbench.gate.summary import common_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opbench.gate.scouting import Scouted

LISTED = 5
"""Benchmarks named of those that a filter left out."""

OPERATORS = ("and", "or", "not")
"""Of pytest's expressions; all other words stand for parts of names, or for marks."""


def require_collected(whose: str, scouted: Scouted) -> None:
    """whose: whose tests they are, as the subject of a sentence.

    Raises UsageError where the paths or the filter asked for are to blame, MachineError where the code is: it cannot
    be vouched for.
    """
    if scouted.problems:
        many = f" (the first of {len(scouted.problems)} problems)" if len(scouted.problems) > 1 else ""
        told = f"{whose} cannot be collected: {scouted.problems[0]}{many}"
        if scouted.misasked:
            raise UsageError(f"{told}; expected files, folders or tests that are there, and for -k an expression")
        raise MachineError(f"{told}; nothing was measured: mend it, and gate again")
    if scouted.found:
        return
    if scouted.left_out:
        raise UsageError(_filtered(whose, scouted.left_out, scouted.filters))
    raise UsageError(f"{whose} has no benchmarks: no test that uses the fixture `benchmark` in the paths given")


def _filtered(whose: str, left_out: Sequence[str], filters: Mapping[str, str]) -> str:
    asked = " and ".join(f"{option} {words!r}" for option, words in filters.items()) or "the project's pytest options"
    near = _near(left_out, " ".join(filters.values()))
    folder = common_folder(left_out)
    listed = [one.removeprefix(folder) for one in (near or left_out)[:LISTED]]
    rest = f" and {len(left_out) - len(listed)} more" if len(left_out) > len(listed) else ""
    told = f"none of {whose}'s {len(left_out)} benchmarks found in the paths given matches {asked}"
    return f"{told}; {'nearest' if near else 'there are'}: {', '.join(listed)}{rest}"


def _near(ids: Sequence[str], expression: str) -> list[str]:
    """Those whose test is called nearly as a word of the expression."""
    names = {one: Found(one).name for one in ids}
    words = [word.replace("test_", "") for word in re.findall(r"\w+", expression) if word not in OPERATORS]
    near = {name for word in words for name in difflib.get_close_matches(word, set(names.values()))}
    return [one for one in ids if names[one] in near]
