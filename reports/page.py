"""One self-contained HTML page: figures inlined, nothing loaded from elsewhere, no script.

It shows what was not measured as plainly as what was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from opbench.record import Measured, Record
from opbench.report import Artifact
from reports import summary
from reports.inline import aspect_width, inline_svg
from reports.naming import common_ground, point_names
from reports.problems import problems
from reports.rows import Cells, cells
from reports.speedup import BASELINES

_HERE = Path(__file__).parent

MANY_ROWS = 150
"""From this many rows on, an operator's table starts folded: a phone should not scroll through it."""


@dataclass(frozen=True)
class Figure:
    title: str
    caption: str
    svg: Markup
    width: float


@dataclass(frozen=True)
class Table:
    """All cases of one operator: rows of (short point name, cells)."""

    operator: str
    ground: str
    rows: list[tuple[str, Cells]]
    measured: int
    folded: bool


def render(records: Sequence[Record], artifacts: Sequence[Artifact]) -> str:
    """The page as text. Works for no records as well, and says so."""
    template = _environment().get_template("page.html.jinja")
    return template.render(
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704  # our own file
        operators=summary.operators(records),
        facts=summary.facts(records) if records else [],
        gains=summary.gains(records),
        baselines=BASELINES,
        figures=figures(artifacts),
        files=[artifact for artifact in artifacts if not artifact.is_figure],
        problems=problems(records),
        unmeasured=sum(not isinstance(record.outcome, Measured) for record in records),
        total=len(records),
        tables=tables(records),
        environment=summary.environment(records),
    )


def figures(artifacts: Sequence[Artifact]) -> list[Figure]:
    drawn = [artifact for artifact in artifacts if artifact.is_figure]
    return [
        Figure(
            artifact.title,
            artifact.caption,
            Markup(inline_svg(artifact.data, f"f{number}", artifact.title)),  # noqa: S704  # matplotlib escapes
            aspect_width(artifact.data),
        )
        for number, artifact in enumerate(drawn, 1)
    ]


def tables(records: Sequence[Record]) -> list[Table]:
    name = point_names(record.case.point for record in records)
    return [
        Table(
            operator,
            common_ground([record.case.point for record in mine]),
            [(name(record.case.point), cells(record)) for record in mine],
            sum(isinstance(record.outcome, Measured) for record in mine),
            folded=len(records) >= MANY_ROWS,
        )
        for operator in summary.operators(records)
        if (mine := [record for record in records if record.case.point.operator == operator])
    ]


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,  # reasons carry whatever a compiler printed
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


PAGE = render
