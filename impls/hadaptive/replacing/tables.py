"""Tables 5, 8 and 13 as rows and text: what our replacement costs, beside what the paper reports of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from impls.hadaptive.ach import ACH
from impls.hadaptive.replacing.cost import Cost, cost
from impls.hadaptive.replacing.replace import replace_with_ach
from impls.hadaptive.replacing.reported import FLOPS, PARAMETERS, reported
from impls.hadaptive.replacing.subjects import IMAGE, TOKENS, Encoder, network

if TYPE_CHECKING:
    from torch import nn

Track = Callable[[Sequence[Any]], Iterable[Any]]
"""Goes through a sequence and may show how far it is."""


@dataclass(frozen=True)
class Row:
    """`reported` are cells as the paper has them, in the order of the table's columns."""

    label: str
    k: int | None
    cost: Cost
    reported: tuple[float, ...]
    change: bool = False

    @property
    def agrees(self) -> bool:
        """Of a row of table 5 or 8: whether parameters and FLOPs are the paper's, rounded or cut off.

        A change is one of two such figures: it agrees when each is less than a step of its column away.
        """
        parameters, flops = self.cost.parameters, self.cost.twice_thop
        if self.change:
            away = parameters - 1e6 * self.reported[0], flops - 1e6 * self.reported[1]
            return abs(away[0]) < PARAMETERS.step and abs(away[1]) < FLOPS.step
        return PARAMETERS.agrees(parameters, self.reported[0]) and FLOPS.agrees(flops, self.reported[1])


def replacement_rows(table: str, track: Track) -> Iterator[Row]:
    """Three rows for each model of `table5` or `table8`: unchanged, with ACH, the change.

    Raises MachineError where the model's library is not installed.
    """
    for row in track(reported()[table]):
        before, model = cost(network(row["model"]), IMAGE), replace_with_ach(network(row["model"]))
        after = cost(model, IMAGE)
        cells = [tuple(row[name][at] for name in ("params_m", "flops_m", "top1")) for at in (0, 1)]
        yield Row(row["model"], None, before, cells[0])
        yield Row("  with ACH", selected(model), after, cells[1])
        yield Row("  change", None, after - before, _difference(*cells), change=True)


def bert_rows(track: Track) -> Iterator[Row]:
    """One row for each of table 13: the encoder without its embeddings, 128 tokens."""
    for row in track(reported()["table13"]):
        layers = int(row["model"].removeprefix("BERT-"))
        fixed = row["variant"] == "FFN (fixed channel)"
        model: nn.Module = Encoder(layers, wide=TOKENS[2] if fixed else 2048)
        if row["variant"] == "ACH":
            model = replace_with_ach(model)
        cells = tuple(row[name] for name in ("channels", "wide", "sst2", "mnli_10pct"))
        yield Row(f"{row['model']} {row['variant']}", selected(model), cost(model, TOKENS), cells)


def selected(model: nn.Module) -> int | None:
    """k of the model's ACH modules, which is one and the same in these tables; None without any."""
    counts = {module.k for module in model.modules() if isinstance(module, ACH)}
    assert len(counts) <= 1
    return counts.pop() if counts else None


def _difference(before: Sequence[float], after: Sequence[float]) -> tuple[float, ...]:
    return tuple(new - old for old, new in zip(before, after, strict=True))


REPLACEMENTS = """\
                              parameters, M              MACs, M  FLOPs, M    2 thop, M    top-1, %
model                       k     ours paper*   conv+lin  attention      ours      ours paper*    paper*  agrees"""

BERTS = """\
                                channels  widened to parameters, M             MACs, M   FLOPs, M SST-2, %  MNLI, %
encoder                       k ours paper* ours paper*       ours  conv+lin  attention      ours   paper*   paper*"""


def replacement_line(row: Row) -> str:
    """One line under REPLACEMENTS; changes with their sign."""
    sign = "+" if row.change else ""
    params, flops, top1 = row.reported
    return (
        f"{row.label:25}{row.k or '':>4}{row.cost.parameters / 1e6:{sign}9.3f}{params:{sign}7.2f}  "
        f"{row.cost.macs / 1e6:{sign}9.1f}{row.cost.attention / 1e6:{sign}11.1f} "
        f"{row.cost.flops / 1e6:{sign}9.1f} {row.cost.twice_thop / 1e6:{sign}9.1f}{flops:{sign}7.0f} {top1:{sign}9.2f}"
        f"{'yes' if row.agrees else 'no':>8}"
    )


def bert_line(row: Row) -> str:
    """One line under BERTS."""
    channels, wide, sst2, mnli = row.reported
    ours = {"FFN": 2048, "FFN (fixed channel)": TOKENS[2]}.get(row.label.partition(" ")[2])
    if row.k is not None:
        ours = TOKENS[2] + row.k * (row.k - 1) // 2
    return (
        f"{row.label:27}{row.k or '':>4}{TOKENS[2]:5}{channels:7}{ours:5}{wide:7}{row.cost.parameters / 1e6:11.3f} "
        f"{row.cost.macs / 1e6:9.1f}{row.cost.attention / 1e6:11.1f}{row.cost.flops / 1e6:10.0f}"
        f"{sst2:9.1f}{mnli:9.1f}"
    )
