"""How near the limit each backend comes, along the axis that varies, and above it what sets the limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data.limits import SHADES, ceilings_range, share, share_text
from reports.data.series import Panel
from reports.layout import canvas
from reports.layout.bounds_strip import STRIP, areas, draw_strip
from reports.layout.curves import draw_line, handle
from reports.layout.figure_files import draw_panels, figure_artifact
from reports.layout.owners import belongs
from reports.layout.sheets import Sheet, sheets
from reports.layout.style import INK, style_of
from reports.models.classifiers import operator_panels

ROOM, MOST = 1.16, 2.0
"""Where the axis ends at least and at most: names stand above 100 %, and what cannot be must not flatten the rest."""


def shares(panel: Panel) -> dict[str, dict[float, Interval]]:
    """Read the shares of the limit: backend to x to share, x ascending; only those with one."""
    by_label: dict[str, dict[float, Interval]] = {}
    for record in sorted(panel.records, key=lambda record: (record.case.label, panel.position(record))):
        reached = share(record)
        if reached is not None:
            by_label.setdefault(record.case.label, {})[panel.position(record)] = reached
    return by_label


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure per setting; none without a share of a limit."""
    return [_figure(sheet) for sheet in sheets(operator_panels(records), shares)]


def _figure(sheet: Sheet) -> Artifact:
    drawn = [record for panel in sheet.panels for record in panel.records]
    hollow = " Hollow: the page faults of fresh memory, at their price here, take longer than that."
    caption = (
        "The least time this machine can take over the median; the band is the median's 95 % interval "
        f"({sheet.setting}). At 100 % nothing is left to gain. Above: what sets the limit, the memory level that the "
        "least bytes fit into, arithmetic, or launch, a call that does nothing."
        f"{hollow if any(map(_allocates, drawn)) else ''}{ceilings_range(drawn)}{sheet.remarks}"
    )
    labels = sorted({label for panel in sheet.panels for label in shares(panel)})
    nameless: set[str] = set()

    def draw(ax: Axes, panel: Panel) -> None:
        nameless.update(_draw(ax, panel))
        canvas.head(ax, panel.operator, panel.ground)

    def handles() -> list[Artist]:
        strips = [Patch(color=colour, label=name) for name, colour in SHADES.items() if name in nameless]
        return [*map(handle, labels), *strips]

    data = draw_panels(sheet.panels, draw, handles)
    return figure_artifact("limit_share", "Share of the limit", sheet.label, caption, data)


def _allocates(record: Record) -> bool:
    return record.limit is not None and share(record) is not None and record.limit.bound_by == "allocation"


def _draw(ax: Axes, panel: Panel) -> set[str]:
    """Returns what the strip could not name."""
    lines = shares(panel)
    for label, line in lines.items():
        draw_line(ax, label, line, panel.gaps.get(label, ()))
        costly = [
            panel.position(record) for record in panel.records if record.case.label == label and _allocates(record)
        ]
        reached, style = [line[x].mid for x in costly], style_of(label)
        belongs(ax.plot(costly, reached, ls="", marker=style.marker, color=style.colour, mfc="white"), label)
    canvas.scale_x(ax, panel.x, [panel.position(record) for record in panel.records])
    canvas.scale_shares(ax, min(max(ROOM, *(1.1 * record.mid for record in _all(lines))), MOST))
    ax.set_ylabel("share of the limit")
    ax.axhline(1, color=INK, lw=1)
    _point_out(ax, lines)
    return draw_strip(ax, areas(panel))


def _all(lines: Mapping[str, Mapping[float, Interval]]) -> Iterable[Interval]:
    return (reached for line in lines.values() for reached in line.values())


def _point_out(ax: Axes, lines: Mapping[str, Mapping[float, Interval]]) -> None:
    """What lies beyond the axis is written where it leaves the panel."""
    for label, line in lines.items():
        for x, reached in line.items():
            if reached.mid > MOST:
                text, colour = f"↑ {share_text(reached.mid)}", style_of(label).colour
                place = (x, STRIP * MOST)
                written = ax.annotate(text, place, (0, -12), textcoords="offset points", color=colour, ha="center")
                belongs(written, label)


REPORT = Report(
    about="how near each backend comes to the machine's limit along the axis that varies, and what sets the limit",
    order=21,
    cost=0.25,
    render=render,
)
