"""Which backend is the fastest where: one colour per winner, cells that noise leaves open hatched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Patch

from opbench.vocabulary.interval import geometric_mean
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.contrast import standings
from reports.data.planes import Cell, Plane, labels, planes, told_apart
from reports.figures.missing_cells import absences
from reports.layout import mosaic
from reports.layout.figure_files import figure_artifact
from reports.layout.mosaic import Tiles
from reports.layout.sheets import spread, undrawn
from reports.layout.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION, styled, to_svg

COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, "#F0E442")
"""Okabe and Ito again; on an area their yellow is strong enough. The most frequent winner has the first."""

OTHERS = BLACK
"""The colour all further winners share."""


@dataclass(frozen=True)
class Win:
    """The fastest backend of a cell.

    advantage: the runner-up's median over the winner's, at least 1.
    decided: whether its 95 % interval is apart from all others'.
    """

    label: str
    advantage: float
    decided: bool


def winners(plane: Plane) -> dict[Cell, Win]:
    """Find the winner of every cell where at least two backends were measured; alone nobody wins."""
    wins = {}
    for cell in plane.cells:
        times = [(line[cell], label) for label, line in plane.times.items() if cell in line]
        if len(times) > 1:
            (best, label), (second, _), *_ = sorted(times, key=lambda entry: entry[0].mid)
            rivals = [time for time, rival in times if rival != label]
            decided = not any(best.overlaps(time) for time in rivals)
            wins[cell] = Win(label, second.mid / best.mid, decided)
    return wins


@dataclass(frozen=True)
class WinTally:
    """One backend's wins over all planes.

    cells: decided ones.
    share: of all decided cells.
    advantage: its geometric mean over the decided cells; None without any.
    """

    label: str
    cells: int
    share: float
    advantage: float | None

    def __str__(self) -> str:
        ahead = "" if self.advantage is None else f", {units.factor(self.advantage)} ahead"
        return f"{self.label}: {units.percent(self.share)}{ahead}"


def tallies(wins: Sequence[Win]) -> list[WinTally]:
    """Count everyone who is fastest somewhere, the most decided cells first. Undecided cells count for nobody."""
    decided = [win for win in wins if win.decided]
    counts = Counter(dict.fromkeys(sorted({win.label for win in wins}), 0))
    counts.update(win.label for win in decided)
    return [
        WinTally(label, count, count / len(decided) if decided else 0.0, _advantage(decided, label))
        for label, count in counts.most_common()
    ]


def _advantage(decided: Sequence[Win], label: str) -> float | None:
    ahead = [win.advantage for win in decided if win.label == label]
    return geometric_mean(ahead) if ahead else None


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure per group of planes in which two backends can be compared.

    A backend has one colour in all figures of an operator: those of several devices are held against each other.
    """
    groups = planes(records)
    of_operators: dict[str, list[Win]] = {}
    for group in groups:
        of_operators.setdefault(group[0].operator, []).extend(wins_of(group))
    colours = {operator: colour_of(tallies(wins)) for operator, wins in of_operators.items()}
    artifacts = [_figure(group, told_apart(group, groups), colours[group[0].operator]) for group in groups]
    return [artifact for artifact in artifacts if artifact is not None]


def wins_of(group: Sequence[Plane]) -> list[Win]:
    """List the wins of those planes that are drawn."""
    shown, _ = spread(group, mosaic.MOST_PLANES)
    return [win for plane in shown for win in winners(plane).values()]


def _figure(group: Sequence[Plane], label: str, colours: Mapping[str, str]) -> Artifact | None:
    shown, rest = spread(group, mosaic.MOST_PLANES)
    wins = wins_of(group)
    if not wins:
        return None
    ranked = tallies(wins)
    tiles = [painted(plane, winners(plane), colours) for plane in shown]
    title = f"Fastest backend and schedule; shares of the {sum(win.decided for win in wins)} decided cells"
    with styled():
        figure, _ = mosaic.mosaic(tiles, title, _handles(ranked, colours))
        data = to_svg(figure)
    caption = f"{_caption(wins, shown)}{absences(tiles, labels(shown))}{undrawn(len(shown), rest, 'planes')}"
    return figure_artifact("winners", "Who is fastest where", label, caption, data)


def painted(plane: Plane, wins: Mapping[Cell, Win], colours: Mapping[str, str]) -> Tiles:
    """Colour cells by their winner, undecided ones pale: noise must not read as a pattern."""
    unsure = [cell for cell, win in wins.items() if not win.decided]
    shades = {cell: colours[win.label] if win.decided else pale(colours[win.label]) for cell, win in wins.items()}
    return Tiles(plane, shades, unsure)


def pale(colour: str) -> str:
    """Mix three parts white with one of the colour."""
    red, green, blue = to_rgb(colour)
    return to_hex((0.75 + red / 4, 0.75 + green / 4, 0.75 + blue / 4))


def colour_of(ranked: Sequence[WinTally]) -> dict[str, str]:
    return {tally.label: COLOURS[place] if place < len(COLOURS) else OTHERS for place, tally in enumerate(ranked)}


def _handles(ranked: Sequence[WinTally], colours: Mapping[str, str]) -> list[Patch]:
    named = [tally for tally in ranked if colours[tally.label] != OTHERS]
    beyond = [tally for tally in ranked if colours[tally.label] == OTHERS]
    handles = [Patch(facecolor=colours[tally.label], label=str(tally)) for tally in named]
    if beyond:
        share = units.percent(sum(tally.share for tally in beyond))
        handles.append(Patch(facecolor=OTHERS, label=f"{len(beyond)} others: {share}"))
    return handles


def _caption(wins: Sequence[Win], shown: Sequence[Plane]) -> str:
    decided = [win.advantage for win in wins if win.decided]
    text = (
        f"The backend with the least median time of one call in each cell. {len(decided)} of {len(wins)} cells are "
        f"decided; in the others, hatched, the winner's 95 % interval overlaps another's. Shares are of the "
        "decided cells."
    )
    if decided:
        text += (
            f" There the winner is ahead of the runner-up by {units.factor(geometric_mean(decided))} in geometric mean."
        )
    best = standings(shown)[0]
    x, y = best.worst_cell
    where = f"{best.worst_plane.y}={y}, {best.worst_plane.x}={x}, {best.worst_plane.ground}"
    return (
        f"{text} One for all cells: {best.label} takes {units.factor(best.mean)} the fastest's time in geometric mean, "
        f"{units.factor(best.worst)} at worst ({where})."
    )


REPORT = Report(
    about="which backend is fastest in each cell of two axes, with shares and the advantage over the runner-up",
    order=5,
    cost=0.1,
    render=render,
)
