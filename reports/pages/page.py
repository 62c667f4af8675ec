"""One self-contained HTML page: figures and scripts inlined, nothing loaded from elsewhere, readable without scripts.

It shows what was not measured as plainly as what was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.report import Artifact
from reports.data.limits import have_limits, impossible
from reports.data.problems import problems
from reports.data.ratios import BASELINES
from reports.data.totals import Totals
from reports.layout.inline_svg import aspect_width, inline_svg
from reports.layout.scripts import COMMON
from reports.layout.templates import filled_page, template
from reports.models.agreement import differences
from reports.pages import summary
from reports.pages.environment_table import environment_table
from reports.pages.page_data import embedded, page_data
from reports.pages.results import in_table_order, tables

SCRIPTS = (
    *(*COMMON, "records", "results"),
    *(
        "plot_scale",
        "plot_marks",
        "explorer_lines",
        "explorer_choices",
        "explorer_plot",
        "explorer_reading",
        "explorer",
    ),
    "page",
)

TEMPLATE = "page.html.jinja"
template(TEMPLATE)  # compiled when this is imported, which a report does while others draw

TALL = 30
"""From this many rows on, a report's table scrolls within its own frame."""


@dataclass(frozen=True)
class Exhibit:
    """A figure or a table of a report.

    width: of a figure, in points; 0 for a table.
    rows: of a table; 0 for a figure.
    """

    title: str
    caption: str
    content: Markup
    width: float
    rows: int

    @property
    def tall(self) -> bool:
        return self.rows >= TALL


def render(records: Sequence[Record], artifacts: Sequence[Artifact], totals: Totals | None = None) -> str:
    """Write the page. Works for no records as well, and says so.

    totals: of all of a run that has more than a page has room for; `records` are then those that are shown one by one.
    """
    head = _of_all(records) if totals is None else _of_totals(totals)
    return filled_page(
        TEMPLATE,
        SCRIPTS,
        data=embedded(page_data(in_table_order(records))),
        gains=summary.gains(records),
        baselines=BASELINES,
        exhibits=exhibits(artifacts),
        files=[artifact for artifact in artifacts if not artifact.is_figure and not artifact.is_table],
        limits=have_limits(records),
        shown=len(records),
        tables=tables(records),
        totals=totals,
        **head,
    )


def _of_all(records: Sequence[Record]) -> dict[str, Any]:
    beyond_limits, differing = impossible(records), differences(records)
    return {
        "operators": summary.subjects(records),
        "facts": summary.facts(records) if records else [],
        "problems": problems(records),
        "impossible": beyond_limits,
        "impossible_cases": sum(len(backend.cases) for backend in beyond_limits),
        "differences": differing,
        "differing": len(differing),
        "unmeasured": sum(not isinstance(record.outcome, Measured) for record in records),
        "contended": sum(
            isinstance(record.outcome, Measured) and record.outcome.contention != "" for record in records
        ),
        "total": len(records),
        "environment": environment_table(records),
    }


def _of_totals(totals: Totals) -> dict[str, Any]:
    """The same from what was kept of all records: counts are of all, and of the cases that are named the first."""
    witnesses = totals.witnesses
    facts = [(name, value) for name, value in summary.facts(witnesses) if name != "Measured"]
    missed = [problem for first in totals.unmeasured.values() for problem in problems(first.records)]
    counted = [
        replace(problem, more=first.count - len(first.records))
        for problem, first in zip(missed, totals.unmeasured.values(), strict=True)
    ]
    return {
        "operators": list(dict.fromkeys(operator for operator, _, _ in totals.tallies)),
        "facts": [facts[0], ("Measured", f"{totals.measured} of {totals.records} cases"), *facts[1:]],
        "problems": counted,
        "impossible": impossible(totals.impossible.records),
        "impossible_cases": totals.impossible.count,
        "differences": differences(totals.differing.records),
        "differing": totals.differing.count,
        "unmeasured": totals.records - totals.measured,
        "contended": totals.contended,
        "total": totals.records,
        "environment": environment_table(witnesses),
    }


def exhibits(artifacts: Sequence[Artifact]) -> list[Exhibit]:
    """Inline figures and tables in the reports' order."""
    shown = [artifact for artifact in artifacts if artifact.is_figure or artifact.is_table]
    return [_exhibit(artifact, f"f{number}") for number, artifact in enumerate(shown, 1)]


def _exhibit(artifact: Artifact, prefix: str) -> Exhibit:
    title, caption, data = artifact.title, artifact.caption, artifact.data
    if artifact.is_table:
        content = Markup(data.decode())  # noqa: S704  # reports escape, see Artifact
        return Exhibit(title, caption, content, 0, content.count("<tr"))
    drawing = Markup(inline_svg(data, prefix, title))  # noqa: S704  # matplotlib escapes
    return Exhibit(title, caption, drawing, aspect_width(data), 0)


PAGE = render
