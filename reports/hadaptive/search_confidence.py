"""Confidence of an architecture search, a cell for each layer and candidate: the paper's Tables 3 and 10 to 12, drawn.

    python -m reports.hadaptive.search_confidence RESULT.json FIGURE.svg

Reads what `python -m impls.hadaptive.search` writes. Layers go from the image down; a darker cell is a likelier
candidate, a framed one the likeliest; a layer that was not searched has dashes. Of a space that the paper has a table
of, that table stands beside ours in the same form.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from opbench.cli.exit_code import exit_code
from opbench.errors import UsageError
from reports.hadaptive.confidence_panel import HEAD, NAMES, Share, columns_of, draw_panel
from reports.layout.canvas import write_ground
from reports.layout.style import styled, to_svg

FORMAT = "opbench.hadaptive.confidence/1"
_CELL, _ROW, _LEFT, _ABOVE = 0.52, 0.27, 1.5, 1.25  # inches: a column, a row, room for labels, for title and heads
_NARROWEST = 5.2


def confidence_figure(result: Mapping[str, Any]) -> bytes:
    """Draw one search's result; SVG. Raises UsageError for something else, or a search that had no choice."""
    if result.get("format") != FORMAT:
        raise UsageError(f"a result of format {result.get('format')!r}; expected a search's result.json, {FORMAT!r}")
    rows = result["layers"]
    columns = columns_of(rows)
    if not columns:
        raise UsageError("a search without a layer that had a choice; there is no confidence to draw")
    reported = result.get("reported")
    panels = 1 if reported is None else 2
    width = max(_NARROWEST, _LEFT + _CELL * len(columns)) * panels
    with styled():
        figure = Figure(figsize=(width, _ABOVE + _ROW * len(rows)), layout="constrained")
        axes = figure.subplots(1, panels, squeeze=False)[0]
        draw_panel(axes[0], rows, columns, [_shares(row) for row in rows])
        named = any(detail for _, detail in columns)
        asked = result["question"]
        _entitled(axes[0], f"Confidence of the search “{asked['space']}” on {asked['data']}", _ground(result), named)
        if reported is not None:
            papers = [{**row, "channels": channels} for row, channels in zip(rows, reported["channels"], strict=True)]
            draw_panel(axes[1], papers, columns, _reported_shares(rows, reported))
            figure.set_layout_engine("constrained", wspace=0.08)
            _entitled(
                axes[1], f"Table {reported['table']} of the paper, on CIFAR-100", _reported_ground(reported), named
            )
        return to_svg(figure)


def _entitled(ax: Axes, title: str, ground: str, named: bool) -> None:
    """Title and ground above the heads. named: whether columns have names of their own under those of their groups."""
    above = HEAD + NAMES * named
    ax.set_title(title, loc="left", pad=above + 26)
    write_ground(ax, ground, above)


def _ground(result: Mapping[str, Any]) -> str:
    settings, history = result["settings"], result["history"]
    ended = (
        f"{len(history)} of {settings['epochs']} epochs"
        if len(history) < settings["epochs"]
        else f"{len(history)} epochs"
    )
    return (
        f"softmax of the logits in percent; {ended}, {settings['annealing']} annealing, seed {settings['seed']}\n"
        f"framed: the arg-max network, {100 * result['test_accuracy']:.1f} % of the test images with shared weights"
    )


def _reported_ground(reported: Mapping[str, Any]) -> str:
    accuracy = reported["top1_percent"]
    ended = "" if accuracy is None else f"; {accuracy} % of the test images"
    return f"{reported['source'].replace(', CIFAR-100', '')}\nframed: its likeliest{ended}"


def _shares(row: Mapping[str, Any]) -> list[Share]:
    """Of every candidate, in a row's order, and which is framed."""
    return [
        Share(candidate["confidence"], _percent(candidate["confidence"]), framed=place == row["chosen"])
        for place, candidate in enumerate(row["candidates"])
    ]


def _reported_shares(rows: Sequence[Mapping[str, Any]], reported: Mapping[str, Any]) -> list[list[Share]]:
    """The paper's, as it prints them; the first of several likeliest is framed. ValueError where the rows differ."""
    shares = []
    for row, percents in zip(rows, reported["layers"], strict=True):
        if len(row["candidates"]) != len(percents):
            raise ValueError(f"a layer of {len(row['candidates'])} candidates with {len(percents)} reported")
        values = [float(percent.lstrip("<")) for percent in percents]
        highest = values.index(max(values)) if values else None
        pairs = enumerate(zip(values, percents, strict=True))
        shares.append([Share(value / 100, text, framed=place == highest) for place, (value, text) in pairs])
    return shares


def _percent(share: float) -> str:
    """To the nearest whole percent, as in the paper's tables; what would be 0 is below 1."""
    return f"{max(1, round(100 * share))}" if share >= 0.005 else "<1"


def main(arguments: Sequence[str]) -> int:
    """Draws one result. Exit code 0, or 2 with one line on what is wrong."""
    return exit_code("search_confidence", lambda: _work(arguments))


def _work(arguments: Sequence[str]) -> None:
    if len(arguments) != 2:
        raise UsageError(f"{len(arguments)} arguments; expected two: RESULT.json FIGURE.svg")
    Path(arguments[1]).write_bytes(_drawn(Path(arguments[0])))


def _drawn(path: Path) -> bytes:
    """Raises UsageError where the file is no search's result, whatever else it holds."""
    try:
        return confidence_figure(read(path))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as exc:
        raise UsageError(
            f"{path} does not fit {FORMAT!r} ({type(exc).__name__}: {exc!s:.200}); expected the result.json of a search"
        ) from exc


def read(path: Path) -> Mapping[str, Any]:
    """What a search wrote, unchecked. Raises UsageError where there is no file, no JSON, or no object in it."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise UsageError(f"no file {path}; expected the result.json of a search") from exc
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{path} is not JSON ({exc!s:.200}); expected the result.json of a search") from exc
    if not isinstance(result, dict):
        raise UsageError(f"{path} holds a {type(result).__name__}; expected the result.json of a search")
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
