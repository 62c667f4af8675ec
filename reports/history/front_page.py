"""The front page of a history: every series in a table, those whose largest step is the largest before all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import TYPE_CHECKING

from reports.data import units
from reports.history.case_page import machine_name, percent_change, step_row
from reports.layout.scripts import COMMON
from reports.layout.templates import filled_page

if TYPE_CHECKING:
    from opbench.history.attribution import Movement
    from opbench.history.series import Series

SCRIPTS = (*COMMON, "simple_page")


def render(
    every: Sequence[Series],
    moved: Sequence[Movement],
    pages: Mapping[str, str],
    problems: Sequence[str],
    commit_url: str = "",
) -> str:
    """Write the page. pages: where the page of each case is. problems: files that could not be read, a line each."""
    of_series: dict[int, list[Movement]] = {}
    for one in moved:
        of_series.setdefault(id(one.series), []).append(one)
    machines = sorted({series.machine for series in every})
    ranked = sorted(every, key=lambda series: _rank(of_series.get(id(series), ())))
    return filled_page(
        "history.html.jinja",
        SCRIPTS,
        facts=_facts(every, of_series, machines),
        problems=problems,
        rows=[_row(series, of_series.get(id(series), ()), machines, pages, commit_url) for series in ranked],
    )


def _facts(
    every: Sequence[Series], of_series: Mapping[int, Sequence[Movement]], machines: Sequence[str]
) -> list[tuple[str, str]]:
    commits = every[0].shared.commits if every else []
    return [
        ("Series", f"{len(every):,}"),
        ("With a step", f"{len(of_series):,}"),
        ("Commits", f"{len(commits):,}"),
        ("Machines", ", ".join(machine_name(one, machines) for one in machines)),
    ]


def _rank(moved: Sequence[Movement]) -> tuple[bool, float, str]:
    """By the size of the largest step; series without one come last, and keep their order."""
    return (not moved, -max((abs(log(one.step.ratio.mid)) for one in moved), default=0.0), "")


def _row(
    series: Series, moved: Sequence[Movement], machines: Sequence[str], pages: Mapping[str, str], commit_url: str
) -> Mapping[str, object]:
    steps = [step_row(one, commit_url) for one in moved]
    largest = max(moved, key=lambda one: abs(log(one.step.ratio.mid)), default=None)
    shown = steps[moved.index(largest)] if largest else None
    counting = series.median_s[series.counting]
    return {
        "case": series.case,
        "page": pages[series.case],
        "machine": machine_name(series.machine, machines),
        "latest": units.seconds(counting[-1]),
        "overall": percent_change(float(counting[-1] / counting[0])),
        "step": shown,
        "count": str(len(moved)) if moved else "",
        "facet": shown["cause"] if shown else "did not move",
    }
