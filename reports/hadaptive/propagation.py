"""Mean and variance through layers of cross-Hadamard products, theory and measured: section A.2, drawn.

    python -m reports.hadaptive.propagation PROPAGATION.json FOLDER

Reads what `python -m impls.hadaptive.propagation` writes; writes `propagation_deviation.svg` and
`propagation_mean.svg` into FOLDER. A panel for each normaliser, a colour for each scaling of the input. Lines are
theory, marks the typical position in each dtype, bars the middle nine tenths of the positions in float32; a cross marks
the first layer with a product that is no finite number.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from opbench.cli.plain import plain
from opbench.errors import MachineError, OpbenchError, UsageError
from reports.layout.canvas import head, new_figure
from reports.layout.style import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, VERMILLION, styled, to_svg

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

FORMAT = "opbench.hadaptive.propagation/1"

TITLES = {
    "none": "no normaliser",
    "bn": "BatchNorm, statistics at rest",
    "bn_batch": "BatchNorm, statistics of its batch",
    "dysoft": "DySoft",
    "dysig": "DySig",
    "dyalge": "DyAlge",
    "dyt": "DyT",
}
MARKS = {"float32": "o", "float16": "x", "bfloat16": "+"}
LARGEST = {"float16": 65504.0, "float32": 3.4028234663852886e38}
COLOURS = (BLUE, INK, VERMILLION, GREEN, ORANGE, PURPLE)
COLUMNS = 4
_WIDE, _HIGH = 2.75, 2.5  # inches: a panel


@dataclass(frozen=True)
class Quantity:
    """What a figure is of: a value of the products from a layer of theory, and from [low, mid, high] as measured."""

    file: str
    label: str
    of_theory: Callable[[Mapping[str, float]], float]
    measured: str
    scaled: Callable[[float], float]


DEVIATION = Quantity(
    "propagation_deviation.svg",
    "standard deviation of the products (no unit)",
    lambda layer: math.sqrt(layer["variance"]),
    "variance",
    math.sqrt,
)
MEAN = Quantity(
    "propagation_mean.svg", "mean of the products (no unit)", lambda layer: layer["mean"], "mean", lambda value: value
)


def propagation_figure(result: Mapping[str, Any], quantity: Quantity) -> bytes:
    """Draw one quantity, a panel for each normaliser; SVG. Raises UsageError for a result of another format."""
    if result.get("format") != FORMAT:
        raise UsageError(f"a result of format {result.get('format')!r}; expected a propagation.json, {FORMAT!r}")
    stacks = result["stacks"]
    columns = min(COLUMNS, len(stacks) + 1)
    rows = math.ceil((len(stacks) + 1) / columns)
    with styled():
        figure = new_figure(_WIDE * columns, _HIGH * rows)
        axes = figure.subplots(rows, columns, squeeze=False).flatten().tolist()
        for ax, stack in zip(axes, stacks, strict=False):
            _panel(ax, stack, result, quantity)
        for ax in axes[len(stacks) :]:
            ax.set_axis_off()
        axes[len(stacks)].legend(handles=_handles(result), loc="upper left", fontsize=8, frameon=False)
        figure.supxlabel("layer", fontsize=9)
        figure.supylabel(quantity.label, fontsize=9)
        return to_svg(figure)


def _panel(ax: Axes, stack: Mapping[str, Any], result: Mapping[str, Any], quantity: Quantity) -> None:
    for run, colour in zip(stack["runs"], COLOURS, strict=False):
        theory = [quantity.of_theory(layer) for layer in run["theory"]["layers"]]
        ax.plot(range(1, len(theory) + 1), theory, color=colour, linewidth=1.4)
        for at, dtype in enumerate(run["measured"]):
            _measured(ax, run["measured"][dtype], colour, MARKS[dtype], 0.14 * (at - 1), quantity, bars=at == 0)
    depth = result["depth"]
    ax.set_xlim(0.5, depth + 0.5)
    ax.xaxis.set_major_locator(FixedLocator(range(1, depth + 1)))
    if quantity is DEVIATION:
        ax.set_yscale("log")
        _limits(ax)
    else:
        ax.set_yscale("symlog", linthresh=1)
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    head(ax, TITLES[stack["norm"]], f"a small deviation, to the power {stack['stability']:.2f} a layer")


def _measured(
    ax: Axes, one: Mapping[str, Any], colour: str, mark: str, shift: float, quantity: Quantity, *, bars: bool
) -> None:
    places, middles, low, high = [], [], [], []
    for layer in one["layers"]:
        spread = layer[quantity.measured]
        if spread is None or spread[1] is None:
            break
        places.append(layer["depth"] + shift)
        ends = [spread[1] if value is None else value for value in spread]
        below, middle, above = map(quantity.scaled, ends)
        middles.append(middle)
        low.append(middle - below)
        high.append(above - middle)
    if bars:
        ax.errorbar(places, middles, [low, high], fmt="none", ecolor=colour, elinewidth=0.8, alpha=0.6)
    ax.plot(places, middles, mark, color=colour, mfc="none", markersize=4.5, linestyle="none")
    if one["overflow"] is not None:
        at = one["overflow"] + shift
        ax.plot([at], [0.97], marker="X", color=colour, markersize=5, transform=ax.get_xaxis_transform(), clip_on=False)


def _limits(ax: Axes) -> None:
    """Dotted lines at what float16 and float32 can hold, where the panel comes near; ticks at few powers of ten."""
    _, high = ax.get_ylim()
    for name, largest in LARGEST.items():
        if largest < high:
            ax.axhline(largest, color=FAINT, linewidth=0.8, linestyle=":")
            ax.text(0.6, largest, f"largest {name}", fontsize=6.5, color=FAINT, va="bottom")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _handles(result: Mapping[str, Any]) -> list[Artist]:
    runs = result["stacks"][0]["runs"]
    handles: list[Artist] = [
        Line2D([], [], color=colour, label=f"input times {run['scale']:g}{', at rest' * (run['scale'] == 1)}")
        for run, colour in zip(runs, COLOURS, strict=False)
    ]
    handles += [
        Line2D([], [], color=FAINT, marker=MARKS[dtype], mfc="none", linestyle="none", label=f"measured, {dtype}")
        for dtype in runs[0]["measured"]
    ]
    handles.append(Line2D([], [], color=FAINT, marker="|", linestyle="none", label="90 % of positions, first dtype"))
    handles.append(Line2D([], [], color=FAINT, marker="X", linestyle="none", label="from here not all finite"))
    return handles


def main(arguments: Sequence[str]) -> int:
    """Draws both figures. Exit code 0, or the error's with one line on what is wrong."""
    try:
        if len(arguments) != 2:
            raise UsageError(f"{len(arguments)} arguments; expected two: PROPAGATION.json FOLDER")
        for path in _draw(Path(arguments[0]), Path(arguments[1])):
            print(path)
    except OpbenchError as exc:
        print(plain(f"propagation: {exc}"), file=sys.stderr)
        return exc.exit_code
    return 0


def _draw(source: Path, folder: Path) -> list[Path]:
    result = _read(source)
    written = []
    for quantity in (DEVIATION, MEAN):
        try:
            drawn = propagation_figure(result, quantity)
        except (LookupError, TypeError, ValueError, AttributeError) as exc:
            raise UsageError(f"{source} does not fit {FORMAT!r} ({type(exc).__name__}: {exc!s:.200})") from exc
        path = folder / quantity.file
        try:
            path.write_bytes(drawn)
        except OSError as exc:
            raise MachineError(f"cannot write {path} ({exc.strerror})") from exc
        written.append(path)
    return written


def _read(path: Path) -> Mapping[str, Any]:
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise UsageError(f"no file {path}; expected the propagation.json of impls.hadaptive.propagation") from exc
    except (ValueError, RecursionError, OSError) as exc:
        raise UsageError(f"{path} cannot be read as JSON ({exc!s:.200}); expected a propagation.json") from exc
    if not isinstance(result, dict):
        raise UsageError(f"{path} holds a {type(result).__name__}; expected a propagation.json")
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
