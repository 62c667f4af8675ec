"""python -m impls.hadaptive.propagation: mean and variance through cross-Hadamard products, layer after layer.

    python -m impls.hadaptive.propagation                             # a minute of one core
    python -m impls.hadaptive.propagation --norms none,dysoft --scales 2,3

Layers of products, normaliser and a random linear map, at rest by construction, with an input that is scaled: what
becomes of that (section A.2), by theory and measured in float32, float16 and bfloat16. Writes
RESULTS/propagation/propagation.json, which `reports.hadaptive.propagation` draws.
"""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from impls.hadaptive.propagation.measure import DTYPES, Sizes
from impls.hadaptive.propagation.study import study
from impls.hadaptive.propagation.theory import NORMS, Moments
from impls.hadaptive.training.command import application, run, use_threads
from opbench.errors import UsageError, unknown

WIDTH = 120
app = application()


@app.command()
def propagation(
    norms: Annotated[str, Option(help=f"all, or some of {', '.join(NORMS)}.")] = "all",
    dtypes: Annotated[str, Option(help=f"all, or some of {', '.join(DTYPES)}.")] = "all",
    scales: Annotated[str, Option(help="Of the input, 1 is at rest; comma-separated.")] = "0.5,1,2",
    mean: Annotated[float, Option(help="Of the channels at rest; their variance is 1.")] = 0.5,
    channels: Annotated[int, Option(help="Whose pairs are multiplied.")] = 192,
    positions: Annotated[int, Option(help="Of the map.")] = 128,
    depth: Annotated[int, Option(help="Layers, or fewer where all numbers overflow.")] = 8,
    seed: int = 0,
    threads: Annotated[int, Option(help="On the CPU; 0 leaves PyTorch's choice.")] = 0,
    results: Annotated[Path, Option(help="Folder that holds the results.")] = Path("results"),
) -> None:
    """Follow mean and variance through layers of cross-Hadamard products, with and without each normaliser."""
    use_threads(threads)
    asked = _chosen("norm", norms, NORMS)
    factors = _numbers(scales)
    sizes = Sizes(channels, positions, depth, seed)
    result = study(asked, _chosen("dtype", dtypes, tuple(DTYPES)), factors, Moments(mean, 1.0), sizes, _note)
    path = results / "propagation" / "propagation.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{json.dumps(result)}\n", encoding="utf-8")
    print(table(result))
    print(f"\nFigures: python -m reports.hadaptive.propagation {path} {path.parent}")


def table(result: dict[str, Any]) -> str:
    """Of every normaliser and scaling: the last layer's variance by theory and measured, and where numbers end."""
    dtypes = list(result["stacks"][0]["runs"][0]["measured"])
    head = ["norm", "scale", "at rest", *(dtype for dtype in dtypes), "overflow (theory)"]
    rows = [head]
    for stack in result["stacks"]:
        for one in stack["runs"]:
            ends = (_ends(one, dtype) for dtype in dtypes)
            cells = [_last(one, dtype) for dtype in dtypes]
            rows.append([stack["norm"], f"{one['scale']:g}", f"{stack['stability']:.2f}", *cells, " ".join(ends)])
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    notes = (
        f"{result['channels']} channels, {result['positions']} positions, {result['depth']} layers. By dtype, the last "
        "layer in which at half of the positions all products are finite: its number, the variance of its products "
        "over the pairs at the typical position (and over all positions together), and that by theory. At rest: the "
        "power to which one layer raises a small deviation. Overflow: the first layer in which at half of the "
        f"positions a product is not finite, in {', '.join(dtypes)}."
    )
    return "\n".join([*lines, "", textwrap.fill(notes, WIDTH)])


def _ends(one: dict[str, Any], dtype: str) -> str:
    return f"{one['measured'][dtype]['typical_overflow'] or '-'} ({one['theory']['overflow'][dtype] or '-'})"


def _last(one: dict[str, Any], dtype: str) -> str:
    finite = [layer for layer in one["measured"][dtype]["layers"] if layer["variance"] is not None]
    if not finite:
        return "none"
    last = finite[-1]
    pooled = "-" if last["pooled_variance"] is None else f"{last['pooled_variance']:.3g}"
    by_theory = one["theory"]["layers"]
    theory = f"{by_theory[last['depth'] - 1]['variance']:.3g}" if last["depth"] <= len(by_theory) else "beyond"
    return f"{last['depth']}, {last['variance'][1]:.3g} ({pooled}), {theory}"


def _chosen(what: str, words: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Names, comma-separated, or all, in the order of `known`. Raises UsageError for an unknown one."""
    asked = set(known) if words == "all" else {word.strip() for word in words.split(",")}
    for name in sorted(asked - set(known)):
        raise unknown(what, name, known, "of the propagation")
    return tuple(name for name in known if name in asked)


def _numbers(words: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(word) for word in words.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(0 < number < float("inf") for number in numbers):
        raise UsageError(f"--scales is {words!r}; expected numbers above 0, comma-separated, such as 0.5,1,2")
    return numbers


def _note(norm: str) -> None:
    print(f"{norm}: done", file=sys.stderr)


if __name__ == "__main__":
    run(app, "propagation", "nothing was kept; it starts anew")
