"""A run's results on standard output: a table on a terminal, plain lines when piped, JSON lines when asked for."""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from opbench.gate.benchmark import common_prefix
from opbench.gate.decision.verdict import FAILED, GOOD, PASSED, Judgement, Verdict, conclusion, exit_code
from opbench.gate.output.progress import DOUBTFUL, STYLES
from opbench.gate.output.spent import spent_json
from opbench.gate.output.table import HEADINGS, Cells, by_urgency, to_cells
from opbench.gate.phases import Phase
from opbench.gate.stats.rule import Rule

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

JSON_NAMES = {"comparison": "found", "screening": "screened"}
"""Fields of a judgement that have another name in the JSON lines than in the code."""

LEAST_NAME = 24
"""Columns that a benchmark's name keeps on a terminal too narrow for everything."""

_PIECES = re.compile(r".+?(?:::|[-_/,]|(?=\[)|$)")
"""A name's pieces, between which it is broken where a terminal has no room for all of it."""


def print_results(
    judgements: Sequence[Judgement],
    allowed: Collection[Verdict],
    rule: Rule,
    in_json: bool,
    phases: Mapping[str, Phase] | None = None,
) -> None:
    """All judgements and the conclusion, on standard output. phases: where the time went, for JSON."""
    if in_json:
        lines = [*map(judgement_json, judgements), conclusion_json(judgements, allowed, rule)]
        if phases is not None:
            lines[-1]["phases"] = spent_json(phases)
        print("\n".join(json.dumps(line, allow_nan=False) for line in lines))
    elif sys.stdout.isatty():
        from rich.console import Console

        print_table(Console(), judgements, allowed, rule)
    else:
        print("\n".join(plain_lines(judgements, allowed, rule)))


def judgement_json(judgement: Judgement) -> dict[str, Any]:
    """A judgement for machines: all that is known of it, in SI units. A number that is not finite is null."""
    return {JSON_NAMES.get(name, name): _finite(value) for name, value in asdict(judgement).items()}


def conclusion_json(judgements: Sequence[Judgement], allowed: Collection[Verdict], rule: Rule) -> dict[str, Any]:
    """The last of the JSON lines."""
    return {
        "conclusion": conclusion(judgements, allowed),
        "exit_code": exit_code(judgements, allowed),
        "allowed": sorted(allowed),
        "tolerance": rule.tolerance,
        "confidence": rule.confidence,
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(field) for name, field in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plain_lines(judgements: Sequence[Judgement], allowed: Collection[Verdict], rule: Rule) -> list[str]:
    """One aligned line a benchmark, however long, its full id in it; then the conclusion."""
    cells = [to_cells(judgement, rule, allowed) for judgement in by_urgency(judgements, allowed)]
    rows = [Cells(*HEADINGS), *cells]
    widths = _widths(rows)
    lines = ["  ".join(map(_aligned, row, widths, range(len(row)))).rstrip() for row in rows]
    return [_heading(rule), *lines, conclusion(judgements, allowed)]


def _widths(rows: Sequence[Cells]) -> list[int]:
    """Of every column; the reason, which comes last, has none."""
    return [*(max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]), 0]


def _aligned(text: str, width: int, column: int) -> str:
    """Words to the left, numbers to the right."""
    return text.rjust(width) if 2 <= column < len(HEADINGS) - 1 else text.ljust(width)


def _heading(rule: Rule, prefix: str = "") -> str:
    within = f", benchmarks of {prefix.removesuffix('::')}" if prefix else ""
    return f"interval {100 * rule.confidence:g} %, tolerance {100 * rule.tolerance:g} %{within}"


def print_table(console: Console, judgements: Sequence[Judgement], allowed: Collection[Verdict], rule: Rule) -> None:
    """The table on a terminal: a reason wraps under its row; the one that most passes share is printed once."""
    from rich.text import Text

    prefix = common_prefix([judgement.benchmark for judgement in judgements])
    console.print(Text(_heading(rule, prefix), style="dim"))
    for row in _rows(console.width, judgements, allowed, rule, prefix):
        console.print(row)
    styles = {PASSED: "bold green", FAILED: "bold red"}
    style = styles.get(exit_code(judgements, allowed), f"bold {DOUBTFUL}")
    console.print(Text(conclusion(judgements, allowed), style=style))


def _rows(
    width: int, judgements: Sequence[Judgement], allowed: Collection[Verdict], rule: Rule, prefix: str
) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    rows = [(judgement, to_cells(judgement, rule, allowed, prefix)) for judgement in by_urgency(judgements, allowed)]
    widths = _widths([Cells(*HEADINGS), *(row for _, row in rows)])[:-1]
    # A name takes what the numbers leave.
    widths[1] = max(min(widths[1], width - sum(widths) + widths[1] - 2 * len(widths)), LEAST_NAME)
    reasons = Counter(row.reason for judgement, row in rows if judgement.verdict in GOOD).most_common(1)
    shared, count = reasons[0] if reasons else ("", 0)
    yield _row(HEADINGS, widths, "dim", "dim")
    for judgement, row in rows:
        wrapped = row._replace(benchmark=wrap_name(row.benchmark, widths[1]))
        yield _row(wrapped, widths, STYLES.get(judgement.verdict, DOUBTFUL), "")
        if row.reason and not (judgement.verdict in GOOD and row.reason == shared and count > 1):
            yield Padding(Text(row.reason, style="dim"), (0, 0, 0, widths[0] + 2))
    if count > 1:
        yield Text(f"pass without a reason given: {shared}", style="dim")


def wrap_name(name: str, width: int) -> str:
    """The name over as many lines as it needs, broken between its pieces."""
    lines = [""]
    for piece in _PIECES.findall(name):
        if lines[-1] and len(lines[-1] + piece) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _row(row: Sequence[str], widths: Sequence[int], first: str, rest: str) -> RenderableType:
    """Without the reason. As Text, so that brackets are not read as markup."""
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(padding=(0, 2, 0, 0))
    for column, width in enumerate(widths):
        line.add_column(width=width, overflow="fold", justify="right" if column >= 2 else "left")
    line.add_row(*(Text(text, style=rest if column else first) for column, text in enumerate(row[: len(widths)])))
    return line
