"""Bytes a second over the working set: what the machine's caches and its memory can do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.grouping import grouped
from reports.data.machine_records import MEMORY, best_rate
from reports.data.problems import left_out
from reports.data.series import setting_of, settled
from reports.layout import canvas
from reports.layout.figure_files import draw_panels, figure_artifact
from reports.layout.style import BLUE, GREEN, INK, VERMILLION, style_of

COLOURS = {"read": BLUE, "write": VERMILLION, "copy": GREEN}
DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)), "-.")

DEEP = 4
"""Times below its line that a band is followed at most: a round in which the machine was elsewhere is no scale."""

_ROOM = 0.11  # share of the axis that `362 KiB` takes

Lines = Mapping[tuple[str, str], Mapping[int, Interval]]
"""(`read`, `write` or `copy`; backend) to bytes of the working set to bytes a second."""


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure per setting."""
    memory = [record for record in settled(records) if record.case.point.operator in MEMORY]
    settings = grouped(memory, lambda record: str(setting_of(record.case.point)))
    drawable = {setting: lines for setting, group in settings.items() if (lines := bandwidths(group))}
    return [
        _figure(lines, settings[setting], setting, setting if len(drawable) > 1 else "")
        for setting, lines in drawable.items()
    ]


def bandwidths(records: Iterable[Record]) -> Lines:
    """Estimate the rates, the rounds of a case together; working sets ascending."""
    rounds: dict[tuple[str, str], dict[int, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        size = record.sizes.get("working_set_bytes")
        if record.work is not None and size:
            rounds[MEMORY[record.case.point.operator], record.case.backend][size].append(record)
    lines: dict[tuple[str, str], dict[int, Interval]] = {}
    for key in sorted(rounds, key=lambda pair: (list(COLOURS).index(pair[0]), pair[1])):
        for size, replicas in sorted(rounds[key].items()):
            rate = best_rate(replicas, [record.work.moved_bytes if record.work else 0 for record in replicas])
            if rate is not None:
                lines.setdefault(key, {})[size] = rate
    return lines


def _figure(lines: Lines, records: Sequence[Record], setting: str, label: str) -> Artifact:
    rounds = 1 + max(record.case.replica for record in records)
    deepest = max(rate.mid / rate.low for line in lines.values() for rate in line.values())
    cut = f", cut off below 1/{DEEP} of the line" if deepest > DEEP else ""
    caption = (
        f"Bytes a second over the size of what is gone over ({setting}); of a copy both what is read and what is "
        "written. The line is the best that was sustained, which one sample in ten exceeds, "
        f"{f'over {rounds} rounds; ' if rounds > 1 else ''}the band reaches from the "
        f"{'round that did worst' if rounds > 1 else 'line'} to the quickest single sample{cut}.{left_out(records)}"
    )
    data = draw_panels([lines], _draw, lambda: _handles(lines))
    return figure_artifact("bandwidth", "Bandwidth by working set", label, caption, data)


def _draw(ax: Axes, lines: Lines) -> None:
    backends = sorted({backend for _, backend in lines})
    for (kind, backend), line in lines.items():
        sizes, rates, colour = list(line), list(line.values()), COLOURS[kind]
        dash = DASHES[backends.index(backend) % len(DASHES)]
        ax.plot(sizes, [rate.mid for rate in rates], color=colour, marker=style_of(backend).marker, ls=dash)
        low, high = [rate.low for rate in rates], [rate.high for rate in rates]
        ax.fill_between(sizes, low, high, color=colour, alpha=0.13, lw=0)
    canvas.scale_x(ax, "working set", (size for line in lines.values() for size in line), _ROOM)
    every_rate = [rate for line in lines.values() for rate in line.values()]
    canvas.scale_y(ax, units.quantity, [rate.mid for rate in every_rate])
    ax.set_ylim(
        min(max(rate.low, rate.mid / DEEP) for rate in every_rate) / 1.2, 1.2 * max(rate.high for rate in every_rate)
    )
    write = units.tick(units.data_size)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda size, _: write(size)))
    ax.set_ylabel("B/s")


def _handles(lines: Lines) -> list[Line2D]:
    backends = sorted({backend for _, backend in lines})
    drawn = {kind for kind, _ in lines}
    kinds = [Line2D([], [], color=colour, lw=3, label=kind) for kind, colour in COLOURS.items() if kind in drawn]
    return kinds + [
        Line2D([], [], color=INK, marker=style_of(name).marker, ls=DASHES[number % len(DASHES)], label=name)
        for number, name in enumerate(backends)
    ]


REPORT = Report(
    about="bandwidth over the working set: reading, writing and copying, best and spread over the rounds",
    order=5,
    render=render,
)
