"""A whole run as Markdown for a CI's page."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from opbench.gate.benchmark import common_prefix
from opbench.gate.decision.verdict import FAILED, GOOD, PASSED, Judgement, Verdict, conclusion, exit_code
from opbench.gate.output.table import HEADINGS, by_urgency, one_line, ratio_text, to_cells
from opbench.gate.stats.rule import Rule

_COMMIT = re.compile(r"\b([0-9a-f]{10})[0-9a-f]{30}\b")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>|~#&])")


@dataclass(frozen=True)
class Header:
    """What was compared.

    base, head: commits, or names of files.
    machine: where, "" if that is not known.
    figure: an image that goes below, by its path from the page; "" for none.
    """

    base: str
    head: str
    machine: str = ""
    figure: str = ""


def markdown(judgements: Sequence[Judgement], header: Header, rule: Rule, allowed: Collection[Verdict] = ()) -> str:
    """The page of a whole run: its result, what needs action in full, improvements, the rest folded away."""
    prefix = common_prefix([judgement.benchmark for judgement in judgements])
    rows = by_urgency(judgements, allowed)
    action = [judgement for judgement in rows if judgement.verdict not in GOOD]
    good = [judgement for judgement in rows if judgement.verdict in GOOD]
    parts = [
        f"## Latency gate: {_headline(judgements, allowed)}",
        _comparison_line(judgements, header, rule),
        f"{escaped(conclusion(judgements, allowed))}.",
    ]
    if action:
        parts.append(_table(action, rule, allowed, prefix))
    if faster := [judgement for judgement in good if judgement.verdict is Verdict.FASTER]:
        parts.append(f"Faster: {', '.join(_improvement(judgement, rule, prefix) for judgement in faster)}.")
    if good:
        caption = f"<summary>{len(good)} of {len(judgements)} passed</summary>"
        parts += [f"<details>{caption}", _table(good, rule, allowed, prefix), "</details>"]
    if header.figure:
        parts.append(f"![Every worker of every benchmark]({header.figure})")
    return "\n\n".join([*parts, _legend(rule)]) + "\n"


def _headline(judgements: Sequence[Judgement], allowed: Collection[Verdict]) -> str:
    code = exit_code(judgements, allowed)
    if code == PASSED:
        return "passed"
    if code == FAILED:
        count = sum(judgement.verdict is Verdict.REGRESSION for judgement in judgements)
        return f"FAILED, {count} confirmed regression{'s' * (count > 1)}"
    count = sum(judgement.verdict not in GOOD and judgement.verdict not in allowed for judgement in judgements)
    return (
        f"CANNOT VOUCH for {count} of {len(judgements)} benchmarks" if count else "CANNOT VOUCH, nothing was compared"
    )


def _comparison_line(judgements: Sequence[Judgement], header: Header, rule: Rule) -> str:
    sizes = sorted({judgement.comparison.workers for judgement in judgements if judgement.comparison is not None})
    workers = "" if not sizes else f", {' to '.join(map(str, dict.fromkeys((sizes[0], sizes[-1]))))} workers a side"
    where = f" on {escaped(header.machine)}" if header.machine else ""
    head, base = (as_code(_COMMIT.sub(r"\1", revision)) for revision in (header.head, header.base))
    return f"Head {head} against base {base}{where}: tolerance {100 * rule.tolerance:g} %{workers}."


def _improvement(judgement: Judgement, rule: Rule, prefix: str) -> str:
    name = as_code(judgement.benchmark.removeprefix(prefix))
    return name if judgement.comparison is None else f"{name} {ratio_text(judgement.comparison, rule)}"


def _table(judgements: Iterable[Judgement], rule: Rule, allowed: Collection[Verdict], prefix: str) -> str:
    lines = ["| " + " | ".join(HEADINGS) + " |", "|---|---|" + "---:|" * 6 + "---|"]
    for judgement in judgements:
        verdict, benchmark, *numbers, reason = to_cells(judgement, rule, allowed, prefix)
        lines.append("| " + " | ".join([f"**{verdict}**", as_code(benchmark), *numbers, escaped(reason)]) + " |")
    return "\n".join(lines)


def _legend(rule: Rule) -> str:
    return (
        f"- *head / base* is head's time over base's with its {100 * rule.confidence:g} % interval; a benchmark passes "
        f"where all of the interval lies under {1 + rule.tolerance:g}.\n"
        "- *detects* is the smallest slowdown that these workers would have confirmed nine times in ten; *p*, exact "
        "and one-sided, the chance of so slow a head from the same code; *spread* is between workers of one side.\n"
        "- Inconclusive is not a pass: what cannot be vouched for ends in exit code 3 unless `--allow` names it."
    )


def escaped(text: str) -> str:
    """As text in which nothing is markup."""
    return _MARKUP.sub(r"\\\1", text)


def as_code(text: str) -> str:
    """As code. In a table a pipe ends a cell even inside code; a backtick inside needs a longer fence around."""
    fence = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{fence}{space}{one_line(text).replace('|', chr(92) + '|')}{space}{fence}"
