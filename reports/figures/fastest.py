"""Operators against each other where they have the same axes: each by its fastest backend at every point."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data.machine_records import besides_machine
from reports.data.series import Panel, Setting, comparable, panels
from reports.layout import canvas
from reports.layout.curves import Line, draw_times, handle
from reports.layout.sheets import MOST_PANELS, figure_file, spread, titled, undrawn
from reports.layout.style import styled, to_svg
from reports.models.classifiers import besides_models

Group = tuple[Panel, ...]


def render(records: Sequence[Record]) -> list[Artifact]:
    """One figure per setting; none where no two operators can be compared."""
    found: dict[Setting, list[Group]] = defaultdict(list)
    for group in comparable([panel for panel in panels(besides_models(besides_machine(records))) if panel.lines]):
        found[group[0].setting].append(group)
    return [_figure(groups, setting, str(setting) if len(found) > 1 else "") for setting, groups in found.items()]


def _figure(groups: Sequence[Group], setting: Setting, label: str) -> Artifact:
    shown, rest = spread(groups, MOST_PANELS)
    best = [{panel.operator: fastest(panel) for panel in group} for group in shown]
    caption = (
        f"Each operator by its fastest backend at every point: median and 95 % interval ({setting}). "
        f"Fastest: {_winners(best)}.{undrawn(len(shown), rest)}"
    )
    with styled():
        grid = canvas.grid(len(shown))
        for ax, group, found in zip(grid.panels, shown, best, strict=True):
            draw_times(ax, group[0].x, {operator: line for operator, (line, _) in found.items()}, {})
            canvas.head(ax, "Fastest backend of each operator", group[0].ground)
        operators = sorted({operator for found in best for operator in found})
        canvas.legend(grid.figure, [handle(operator) for operator in operators])
        data = to_svg(grid.figure)
    return Artifact(figure_file("fastest", label), titled("Latency per operator", label), caption, data)


def fastest(panel: Panel) -> tuple[Line, Mapping[int, str]]:
    """At each x the least median of all backends, and which backend has it."""
    chosen: dict[int, str] = {}
    lines = panel.lines
    for label, line in lines.items():
        for x, time in line.items():
            if x not in chosen or time.mid < lines[chosen[x]][x].mid:
                chosen[x] = label
    return {x: lines[chosen[x]][x] for x in sorted(chosen)}, chosen


def _winners(best: Sequence[Mapping[str, tuple[Line, Mapping[int, str]]]]) -> str:
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
    render=render,
)
