"""What tuning tried: the time of every configuration, the best marked, and why some could not run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from opbench.vocabulary.record import Measured, Record, Trial
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.naming import point_names
from reports.data.series import settled
from reports.layout import canvas
from reports.layout.figure_files import figure_artifact
from reports.layout.sheets import spread, undrawn
from reports.layout.style import BLUE, FAINT, GREEN, INK, styled, to_svg

MOST_PANELS, MOST_DOTS = 6, 40
"""Cases in one figure, and configurations in one panel: the quickest of them."""

_LINE, _AROUND, _WIDE = 0.17, 0.95, 7.4  # inches: a configuration, a panel's head and axis, the whole
_LONGEST = 52  # letters of a configuration


@dataclass(frozen=True)
class TunedCase:
    """A case that was tuned.

    ground: its point.
    ran: configurations that ran, the quickest first.
    failed: those that could not.
    """

    backend: str
    operator: str
    ground: str
    ran: tuple[Trial, ...]
    failed: tuple[Trial, ...]


def tuned_cases(records: Sequence[Record]) -> list[TunedCase]:
    """Choose the cases that record trials of which at least one ran."""
    tuned = [record for record in settled(records) if isinstance(record.outcome, Measured) and record.outcome.trials]
    name = point_names(record.case.point for record in tuned)
    cases = [_of(record, name(record.case.point)) for record in tuned]
    return [case for case in cases if case.ran]


def _of(record: Record, ground: str) -> TunedCase:
    trials = record.outcome.trials if isinstance(record.outcome, Measured) else ()
    ran = sorted((trial for trial in trials if trial.seconds is not None), key=lambda trial: trial.seconds or 0.0)
    failed = tuple(trial for trial in trials if trial.seconds is None)
    return TunedCase(record.case.label, record.case.point.operator, ground, tuple(ran), failed)


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure of the tuned cases; [] where there are none."""
    cases = tuned_cases(records)
    if not cases:
        return []
    shown, rest = spread(cases, MOST_PANELS)
    caption = (
        "Time of one call in every configuration that tuning tried, quickest first; each is held against the best."
        f"{_cut(shown)}{_failures(shown)}{undrawn(len(shown), rest, 'cases')}"
    )
    return [figure_artifact("trials", "Time over configurations", "", caption, drawing(shown))]


def drawing(shown: Sequence[TunedCase]) -> bytes:
    """Draw a panel per case; SVG."""
    heights = [_LINE * min(len(case.ran), MOST_DOTS) + _AROUND for case in shown]
    with styled():
        figure = Figure(figsize=(_WIDE, sum(heights) + 0.2), layout="constrained")
        panels = figure.subplots(len(shown), 1, squeeze=False, height_ratios=heights)[:, 0]
        for ax, case in zip(panels, shown, strict=True):
            _draw(ax, case)
        return to_svg(figure)


def _draw(ax: Axes, case: TunedCase) -> None:
    ran = case.ran[:MOST_DOTS]
    times = [trial.seconds or 0.0 for trial in ran]
    canvas.head(ax, f"{case.operator}, {case.backend}", case.ground)
    ax.hlines(range(len(ran)), 0, times, color="#dfe3e8", lw=1)
    colours = [GREEN if at == 0 else BLUE for at in range(len(ran))]
    ax.scatter(times, range(len(ran)), c=colours, s=[34 if at == 0 else 18 for at in range(len(ran))], zorder=3)
    ax.set_yticks(range(len(ran)), [_short(trial.configuration) for trial in ran], fontsize=7)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.set_ylim(len(ran) - 0.5, -0.6)
    ax.set_xlim(0, 1.22 * max(times))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: units.tick(units.seconds)(value) if value else "0"))
    for at, seconds in enumerate(times):
        text = f"{units.seconds(seconds)}  best" if at == 0 else f"{units.seconds(seconds)}  {seconds / times[0]:.2f}×"
        weight, ink = ("bold", INK) if at == 0 else ("normal", FAINT)
        place: Any = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
        ax.annotate(text, (seconds, at), **place, fontsize=7, color=ink, fontweight=weight)


def _short(configuration: str) -> str:
    return configuration if len(configuration) <= _LONGEST else f"{configuration[: _LONGEST - 1]}…"


def _cut(shown: Sequence[TunedCase]) -> str:
    most = max(len(case.ran) for case in shown)
    return f" Only the quickest {MOST_DOTS} of up to {most} are drawn." if most > MOST_DOTS else ""


def _failures(shown: Sequence[TunedCase]) -> str:
    """Configurations that could not run, those with the same reason together."""
    reasons: dict[str, list[str]] = {}
    for case in shown:
        for trial in case.failed:
            name = trial.configuration if len(shown) == 1 else f"{case.backend} {trial.configuration}"
            reasons.setdefault(trial.reason or "no reason given", []).append(name)
    texts = (f"{', '.join(names)} ({reason})" for reason, names in reasons.items())
    return f" Could not run: {'; '.join(texts)}." if reasons else ""


REPORT = Report(
    about="what tuning tried: the time of every configuration, the best marked, failed ones with their reason",
    order=32,
    render=render,
)
