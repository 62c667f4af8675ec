"""Judgements in words: the cells of a table's row, in which order rows come, and the whole as Markdown for a CI's page.

The words are the same on a terminal and on a page, so that what one shows can be searched for in the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from opbench.gate.verdict import FAILED, GOOD, PASSED, Verdict, conclusion, exit_code
from opbench.plain import plain

if TYPE_CHECKING:
    from opbench.gate.comparing import Comparison
    from opbench.gate.rule import Rule
    from opbench.gate.verdict import Judgement

HEADINGS = ("verdict", "benchmark", "head / base", "p", "detects", "spread", "workers", "seconds", "reason")

NONE = "-"

_COLOUR_CODE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_COMMIT = re.compile(r"\b([0-9a-f]{10})[0-9a-f]{30}\b")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>|~#&])")


class Cells(NamedTuple):
    """One row, its columns named in HEADINGS. A judgement without a comparison has NONE for every number."""

    verdict: str
    benchmark: str
    ratio: str
    p: str
    detects: str
    spread: str
    workers: str
    seconds: str
    reason: str


@dataclass(frozen=True)
class About:
    """What was compared. base, head: commits, or names of files. machine: where, "" if that is not known.

    figure: an image that goes below, by its path from the summary; "" for none.
    """

    base: str
    head: str
    machine: str = ""
    figure: str = ""


def cells(one: Judgement, rule: Rule, allowed: Collection[Verdict] = (), folder: str = "") -> Cells:
    """folder: what `common_folder` found, left away. allowed: verdicts that are waived, and then say so."""
    verdict = f"{one.verdict.value} (allowed)" if one.verdict in allowed else one.verdict.value
    benchmark, seconds = plain(one.benchmark.removeprefix(folder)), f"{one.seconds:.1f}" if one.seconds else NONE
    found = one.found
    if found is None:
        return Cells(verdict, benchmark, NONE, NONE, NONE, NONE, NONE, seconds, reason(one, rule))
    return Cells(
        verdict,
        benchmark,
        ratio(found, rule),
        "<0.0001" if found.p < 1e-4 else f"{found.p:.2g}",
        _share(found.detectable),
        _share(found.spread),
        f"{found.workers}+{found.workers} x {found.rounds}",
        seconds,
        reason(one, rule),
    )


def ratio(found: Comparison, rule: Rule) -> str:
    """`1.012 [0.998, 1.021]`. Workers too few for the rule's confidence have what they attain behind it: `97 %`."""
    attained = "" if found.confidence >= rule.confidence else f" {100 * found.confidence:.0f} %"
    return f"{found.ratio:.3f} [{found.low:.3f}, {found.high:.3f}]{attained}"


def reason(one: Judgement, rule: Rule) -> str:
    """The reason on one line, with a slow group of workers and what made it a suspect, where it had any."""
    said = [_line(one.reason)]
    if one.found is not None and one.found.modes is not None and str(one.found.modes) not in one.reason:
        said.append(str(one.found.modes))
    if one.screened is not None:
        said.append(f"screening saw {ratio(one.screened, rule)}")
    return "; ".join(filter(None, said))


def _line(text: str) -> str:
    """Reasons quote what tests print: without colour codes, line ends and other characters that move a cursor."""
    words = _COLOUR_CODE.sub("", text)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())


def _share(value: float) -> str:
    """0.034 is `3.4 %`; from twice on a factor; NONE where it is unbounded: no slowdown would have been detected."""
    if not math.isfinite(value):
        return NONE
    if value >= 1:
        return f"{1 + value:.1f}x"
    return f"{100 * value:.{2 if value < 1e-3 else 1}f} %"


def ordered(judgements: Iterable[Judgement], allowed: Collection[Verdict] = ()) -> list[Judgement]:
    """What needs action first: regressions, what cannot be vouched for, what of it was waived, then the rest."""

    def rank(verdict: Verdict) -> int:
        if verdict in GOOD:
            return 3
        return 0 if verdict is Verdict.REGRESSION else 1 + (verdict in allowed)

    return sorted(judgements, key=lambda one: (rank(one.verdict), one.benchmark))


def common_folder(benchmarks: Collection[str]) -> str:
    """What all ids begin with, up to the end of a folder, or of a file where all are in one: `tests/bench/`."""
    files = [name.partition("::")[0] for name in benchmarks]
    if not files or any("::" not in name for name in benchmarks):
        return ""
    if len(set(files)) == 1:
        return f"{files[0]}::"
    shared = takewhile(lambda names: len(set(names)) == 1, zip(*(file.split("/")[:-1] for file in files), strict=False))
    return "".join(f"{names[0]}/" for names in shared)


def markdown(judgements: Sequence[Judgement], about: About, rule: Rule, allowed: Collection[Verdict] = ()) -> str:
    """The page of a whole run: its result, what needs action in full, improvements, the rest folded away."""
    folder = common_folder([one.benchmark for one in judgements])
    rows = ordered(judgements, allowed)
    action, good = [one for one in rows if one.verdict not in GOOD], [one for one in rows if one.verdict in GOOD]
    parts = [
        f"## Latency gate: {_headline(judgements, allowed)}",
        _compared(judgements, about, rule),
        f"{_escaped(conclusion(judgements, allowed))}.",
    ]
    if action:
        parts.append(_table(action, rule, allowed, folder))
    if faster := [one for one in good if one.verdict is Verdict.FASTER]:
        parts.append(f"Faster: {', '.join(_improvement(one, rule, folder) for one in faster)}.")
    if good:
        caption = f"<summary>{len(good)} of {len(judgements)} passed</summary>"
        parts += [f"<details>{caption}", _table(good, rule, allowed, folder), "</details>"]
    if about.figure:
        parts.append(f"![Every worker of every benchmark]({about.figure})")
    return "\n\n".join([*parts, _how_to_read(rule)]) + "\n"


def _headline(judgements: Sequence[Judgement], allowed: Collection[Verdict]) -> str:
    code = exit_code(judgements, allowed)
    if code == PASSED:
        return "passed"
    if code == FAILED:
        count = sum(one.verdict is Verdict.REGRESSION for one in judgements)
        return f"FAILED, {count} confirmed regression{'s' * (count > 1)}"
    count = sum(one.verdict not in GOOD and one.verdict not in allowed for one in judgements)
    return (
        f"CANNOT VOUCH for {count} of {len(judgements)} benchmarks" if count else "CANNOT VOUCH, nothing was compared"
    )


def _compared(judgements: Sequence[Judgement], about: About, rule: Rule) -> str:
    sides = sorted({one.found.workers for one in judgements if one.found is not None})
    workers = "" if not sides else f", {' to '.join(map(str, dict.fromkeys((sides[0], sides[-1]))))} workers a side"
    where = f" on {_escaped(about.machine)}" if about.machine else ""
    head, base = (_code(_COMMIT.sub(r"\1", revision)) for revision in (about.head, about.base))
    return f"Head {head} against base {base}{where}: tolerance {100 * rule.tolerance:g} %{workers}."


def _improvement(one: Judgement, rule: Rule, folder: str) -> str:
    name = _code(one.benchmark.removeprefix(folder))
    return name if one.found is None else f"{name} {ratio(one.found, rule)}"


def _table(judgements: Iterable[Judgement], rule: Rule, allowed: Collection[Verdict], folder: str) -> str:
    lines = ["| " + " | ".join(HEADINGS) + " |", "|---|---|" + "---:|" * 6 + "---|"]
    for one in judgements:
        verdict, benchmark, *numbers, why = cells(one, rule, allowed, folder)
        lines.append("| " + " | ".join([f"**{verdict}**", _code(benchmark), *numbers, _escaped(why)]) + " |")
    return "\n".join(lines)


def _how_to_read(rule: Rule) -> str:
    return (
        f"- *head / base* is head's time over base's with its {100 * rule.confidence:g} % interval; a benchmark passes "
        f"where all of the interval lies under {1 + rule.tolerance:g}.\n"
        "- *detects* is the smallest slowdown that these workers would have confirmed nine times in ten; *p*, exact "
        "and one-sided, the chance of so slow a head from the same code; *spread* is between workers of one side.\n"
        "- Inconclusive is not a pass: what cannot be vouched for ends in exit code 3 unless `--allow` names it."
    )


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


def _code(text: str) -> str:
    """As code. In a table a pipe ends a cell even inside code; a backtick inside needs a longer fence around."""
    fence = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{fence}{space}{_line(text).replace('|', chr(92) + '|')}{space}{fence}"
