"""Figures 5 and 6 of the paper at the paper's sizes: what widening a map of 224x224 costs, from counts alone.

    python -m reports.hadaptive.cost_figures FOLDER

Counting walks shapes and computes nothing, so that it costs seconds where measuring the same points would take the
memory of many maps of 224x224. Writes `figure5.svg` and `figure6.svg`, and what they are drawn from as `figure5.csv`
and `figure6.csv`. `opbench sweep channels --edge 224` and `opbench sweep expansion --edge 224` measure the same points.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from opbench import catalog
from opbench.cli.exit_code import exit_code
from opbench.counting.count import count
from opbench.errors import MachineError, UsageError
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Record, Unavailable
from reports.figures import complexity
from reports.models.cost_models import paper_macs

OPERATORS = ("pointwise", "ghost", "ach")
EDGE = 224

FIGURES: Mapping[str, tuple[Mapping[str, int], ...]] = {
    "figure5": tuple(
        {"batch": 1, "channels": channels, "expansion": 4, "edge": EDGE} for channels in (16, 32, 64, 128, 256, 512)
    ),
    "figure6": tuple(
        {"batch": 1, "channels": 64, "expansion": expansion, "edge": EDGE} for expansion in (4, 8, 12, 16, 20, 24)
    ),
}
"""The points of each: a fourfold expansion of 16 to 512 channels, and 64 channels widened 4 to 24 times."""

COLUMNS = ("operator", "channels", "expansion", "edge", "out_channels", "macs", "products", "elementwise", "flops")


def counted(points: Sequence[Mapping[str, int]]) -> Iterator[Record]:
    """A record of every operator at every point, with its work and both counters' counts, and without a latency."""
    for name in OPERATORS:
        operator = catalog.operator(name)
        for values in points:
            axes = operator.complete(Axes(dict(values)))
            point = Point(name, axes, "float32", "meta", "forward", "none")
            counts = count(operator.eager(point), operator.inputs(point))
            work, sizes = operator.work(point), operator.sizes(axes)
            outcome = Unavailable("counted, not measured")
            yield Record(Case(point, "torch_eager"), outcome, {}, "", "", work=work, sizes=sizes, counts=counts)


def table(records: Sequence[Record]) -> str:
    """CSV, a line for each record: the operator's formula, fvcore's and PyTorch's MACs, and the paper's cost model."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, "fvcore_macs", "torch_macs", "paper_model_macs"])
    for record in records:
        point, work = record.case.point, record.work
        assert work is not None
        sizes = [point.axes["channels"], point.axes["expansion"], point.axes["edge"], record.sizes["out_channels"]]
        told = [
            "" if isinstance(found := record.counts[by], str) else found["macs"] + found["products"]
            for by in ("fvcore", "torch")
        ]
        own = [work.macs, work.products, work.elementwise, work.flops]
        writer.writerow([point.operator, *sizes, *own, *told, paper_macs(record)])
    return text.getvalue()


def draw(folder: Path) -> list[Path]:
    """Both figures and their tables. Raises MachineError where the folder cannot be written."""
    written = []
    for name, points in FIGURES.items():
        records = list(counted(points))
        (artifact,) = complexity.render(records)
        for path, data in ((folder / f"{name}.svg", artifact.data), (folder / f"{name}.csv", table(records).encode())):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            except OSError as exc:
                raise MachineError(f"cannot write {path} ({exc.strerror})") from exc
            written.append(path)
        print(artifact.caption)
    return written


def main(arguments: Sequence[str]) -> int:
    """Exit code 0, or the error's with one line on what is wrong."""
    return exit_code("cost_figures", lambda: _work(arguments))


def _work(arguments: Sequence[str]) -> None:
    if len(arguments) != 1:
        raise UsageError(f"{len(arguments)} arguments; expected one, the FOLDER to write into")
    for path in draw(Path(arguments[0])):
        print(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
