"""Parameters and MACs of a detector's parts; nothing is computed or trained.

`replacing.cost` counts: MACs by fvcore's and by PyTorch's counter, which have to agree, and FLOPs as the paper's tables
5 and 8 have them, by rules of thop's. Of table 6 the paper gives neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

from impls.hadaptive.detection.data.target import SIZE
from impls.hadaptive.detection.model.anchors import map_edges
from impls.hadaptive.detection.model.detector import detector
from impls.hadaptive.replacing.cost import Cost, cost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from impls.hadaptive.detection.model.features import Features


@dataclass(frozen=True)
class Parts:
    """Of one image, in eval."""

    backbone: Cost
    extra: Cost
    """The stages of stride 2 behind the backbone."""
    head: Cost
    whole: Cost


class _Maps(nn.Module):
    """The backbone's own maps alone."""

    def __init__(self, maps: Features) -> None:
        super().__init__()
        self.body, self.positions = maps.body, maps.positions

    def forward(self, images: Tensor) -> list[Tensor]:
        given: Sequence[Tensor] = self.body(images)
        return [given[at] for at in self.positions]


def count(backbone: str, head: str, classes: int, size: int = SIZE) -> Parts:
    """Raises UsageError and MachineError as `detector`, UsageError for a size without default boxes as well, and
    CountingError where the counters find different MACs.
    """
    map_edges(size)
    model, shape = detector(backbone, classes, head=head), (1, 3, size, size)
    body, maps, whole = (cost(one, shape) for one in (_Maps(model.features), model.features, model))
    return Parts(body, maps - body, whole - maps, whole)


HEADER = (
    "| backbone | head | parameters, M: all | backbone | extra stages | head "
    "| conv MACs, M: all | backbone | extra stages | head | FLOPs by thop's rules, M |"
)


def line(backbone: str, head: str, parts: Parts) -> str:
    """A row of Markdown below `HEADER`."""
    columns = (parts.whole, parts.backbone, parts.extra, parts.head)
    parameters = " | ".join(f"{one.parameters / 1e6:.3f}" for one in columns)
    macs = " | ".join(f"{one.macs / 1e6:.1f}" for one in columns)
    return f"| {backbone} | {head} | {parameters} | {macs} | {parts.whole.twice_thop / 1e6:.0f} |"
