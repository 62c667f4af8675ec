"""Operators against each other where they have the same axes: each by its fastest backend at every point."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data.grouping import grouped
from reports.data.series import Panel, Setting, comparable
from reports.layout import canvas
from reports.layout.curves import Line, draw_times, handle
from reports.layout.figure_files import draw_panels, figure_artifact
from reports.layout.sheets import MOST_PANELS, spread, undrawn
from reports.models.classifiers import operator_panels

Group = tuple[Panel, ...]


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure per setting; none where no two operators can be compared."""
    groups = comparable([panel for panel in operator_panels(records) if panel.lines])
    by_setting = grouped(groups, lambda group: group[0].setting)
    several = len(by_setting) > 1
    return [
        _figure(same_setting, setting, str(setting) if several else "") for setting, same_setting in by_setting.items()
    ]


def _figure(groups: Sequence[Group], setting: Setting, label: str) -> Artifact:
    shown, rest = spread(groups, MOST_PANELS)
    best = [{panel.operator: fastest(panel) for panel in group} for group in shown]
    caption = (
        f"Each operator by its fastest backend at every point: median and 95 % interval ({setting}). "
        f"Fastest: {_winners(best)}.{undrawn(len(shown), rest)}"
    )
    operators = sorted({panel.operator for group in shown for panel in group})
    data = draw_panels(shown, _draw, lambda: [handle(operator, owner="operator") for operator in operators])
    return figure_artifact("fastest", "Latency per operator", label, caption, data)


def _draw(ax: Axes, group: Group) -> None:
    draw_times(ax, group[0].x, {panel.operator: fastest(panel)[0] for panel in group}, {}, "operator")
    canvas.head(ax, "Fastest backend of each operator", group[0].ground)


def fastest(panel: Panel) -> tuple[Line, Mapping[float, str]]:
    """Find at each x the least median of all backends, and which backend has it."""
    chosen: dict[float, str] = {}
    lines = panel.lines
    for label, line in lines.items():
        for x, time in line.items():
            if x not in chosen or time.mid < lines[chosen[x]][x].mid:
                chosen[x] = label
    return {x: lines[chosen[x]][x] for x in sorted(chosen)}, chosen


def _winners(best: Sequence[Mapping[str, tuple[Line, Mapping[float, str]]]]) -> str:
    """For each operator, how often each of its backends was the fastest."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for by_operator in best:
        for operator, (_, chosen) in by_operator.items():
            counted[operator].update(chosen.values())
    return "; ".join(f"{operator}: {_tally(counts)}" for operator, counts in sorted(counted.items()))


def _tally(counts: Counter[str]) -> str:
    if len(counts) == 1:
        return f"always {next(iter(counts))}"
    return ", ".join(f"{label} at {count} of {counts.total()} points" for label, count in counts.most_common())


REPORT = Report(
    about="operators with the same axes compared, each by its fastest backend at every point",
    order=25,
    cost=0.1,
    render=render,
)
