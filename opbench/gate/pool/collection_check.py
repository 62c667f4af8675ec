"""What of a dry run leaves nothing to measure: tests that cannot be collected, or no benchmark among them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from opbench.errors import UsageError
from opbench.gate.benchmark import Benchmark, common_prefix
from opbench.gate.pool.dry_run import DryRun
from opbench.gate.source.unusable import UnusableRevisionError

LISTED = 5
"""Benchmarks named of those that a filter left out."""

OPERATORS = ("and", "or", "not")
"""Of pytest's expressions; all other words stand for parts of names, or for marks."""


def require_collected(owner: str, result: DryRun) -> None:
    """owner: whose tests they are, as the subject of a sentence.

    Raises UsageError where the paths or the filter asked for are to blame, MachineError where the code is: it cannot
    be vouched for.
    """
    if result.problems:
        count = f" (the first of {len(result.problems)} problems)" if len(result.problems) > 1 else ""
        message = f"{owner} cannot be collected: {result.problems[0]}{count}"
        if result.usage_error:
            raise UsageError(f"{message}; expected files, folders or tests that are there, and for -k an expression")
        raise UnusableRevisionError(f"{message}; nothing was measured: mend it, and gate again")
    if result.benchmarks:
        return
    if result.deselected:
        raise UsageError(_no_match(owner, result.deselected, result.filters))
    raise UsageError(f"{owner} has no benchmarks: no test that uses the fixture `benchmark` in the paths given")


def _no_match(owner: str, deselected: Sequence[str], filters: Mapping[str, str]) -> str:
    asked = " and ".join(f"{option} {words!r}" for option, words in filters.items()) or "the project's pytest options"
    nearest = _nearest(deselected, " ".join(filters.values()))
    prefix = common_prefix(deselected)
    names = [benchmark.removeprefix(prefix) for benchmark in (nearest or deselected)[:LISTED]]
    rest = f" and {len(deselected) - len(names)} more" if len(deselected) > len(names) else ""
    message = f"none of {owner}'s {len(deselected)} benchmarks found in the paths given matches {asked}"
    return f"{message}; {'nearest' if nearest else 'there are'}: {', '.join(names)}{rest}"


def _nearest(ids: Sequence[str], expression: str) -> list[str]:
    """Those whose test is called nearly as a word of the expression."""
    names = {benchmark: Benchmark(benchmark).name for benchmark in ids}
    words = [word.replace("test_", "") for word in re.findall(r"\w+", expression) if word not in OPERATORS]
    close = {name for word in words for name in difflib.get_close_matches(word, set(names.values()))}
    return [benchmark for benchmark in ids if names[benchmark] in close]
