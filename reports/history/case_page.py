"""One case of a history as a page: a line for each machine, its steps with their evidence, every point as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from opbench.history.machine import name_of
from reports.data import units
from reports.history.chart import chart
from reports.layout.templates import filled_page

if TYPE_CHECKING:
    from opbench.history.attribution import Movement
    from opbench.history.series import Series

SCRIPTS = ("elements", "theme", "theme_alone")

TEMPLATE = "{commit}"
"""What a URL of commits has in the place of the commit."""


def render(lines: Sequence[Series], moved: Sequence[Movement], commit_url: str = "") -> str:
    """Write the page. lines: the series of one case, a machine each. commit_url: with `{commit}` in it; "" for none."""
    return filled_page(
        "history_case.html.jinja",
        SCRIPTS,
        case=lines[0].case,
        machines=[_machine(series, lines, moved, commit_url) for series in lines],
    )


def _machine(
    series: Series, lines: Sequence[Series], moved: Sequence[Movement], commit_url: str
) -> Mapping[str, object]:
    changes = series.environment_changes()
    return {
        "name": machine_name(series.machine, [line.machine for line in lines]),
        "chart": chart(series),
        "banded": bool((series.processes > 1).any()),
        "steps": [step_row(one, commit_url) for one in moved if one.series is series],
        "environments": [
            (f"E{number}", *_commit(series, at, commit_url), what) for number, (at, what) in enumerate(changes, 1)
        ],
        "points": [_point(series, at, commit_url) for at in range(len(series))],
    }


def machine_name(machine: str, beside: Sequence[str]) -> str:
    """Its name alone, unless another machine beside it has the same."""
    name = name_of(machine)
    return machine if sum(name_of(one) == name for one in set(beside)) > 1 else name


def step_row(moved: Movement, commit_url: str) -> Mapping[str, object]:
    """What page and front page say of a step."""
    before, at, last = moved.commits
    ratio = moved.step.ratio
    return {
        "kind": "slower" if ratio.mid > 1 else "faster",
        "size": percent_change(ratio.mid),
        "interval": f"{percent_change(ratio.low)} to {percent_change(ratio.high)}",
        "commit": at,
        "url": url_of(at, commit_url),
        "between": f"after {before[:12]}, up to {last[:12]}" if last != at else f"after {before[:12]}",
        "cause": moved.cause.value,
        "evidence": moved.evidence,
    }


def percent_change(ratio: float) -> str:
    """`+5.2 %`: latency after over latency before, less one."""
    return f"{100 * (ratio - 1):+.1f} %"


def url_of(commit: str, template: str) -> str:
    """Where the commit is shown; "" without a template. What differed from it (`+dirty`) has no page."""
    return template.replace(TEMPLATE, commit.partition("+")[0]) if template else ""


def _commit(series: Series, at: int, commit_url: str) -> tuple[str, str]:
    commit = series.shared.commits[series.commit[at]]
    return commit, url_of(commit, commit_url)


def _point(series: Series, at: int, commit_url: str) -> tuple[str, ...]:
    """Commit, its URL, day, median, span of processes, processes, a mark."""
    commit, url = _commit(series, at, commit_url)
    seconds = series.shared.times_s[series.commit[at]]
    day = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}" if seconds == seconds else ""  # noqa: PLR0124  (NaN)
    processes = int(series.processes[at])
    span = units.seconds_between(series.low_s[at], series.high_s[at]) if processes > 1 else ""
    gone = "" if series.shared.known[series.commit[at]] else "not in the repository"
    mark = ", ".join(filter(None, ["contended" if series.contended[at] else "", gone]))
    return commit, url, day, units.seconds(series.median_s[at]), span, str(processes), mark
