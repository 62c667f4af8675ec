"""The networks captured as one CUDA graph and replayed: what is left when the host costs nothing.

The kernels inside are those `auto` picks, or the backend named in place of a schedule: `cuda_graph:torch_eager`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.cross_hadamard.kernels import backends, entry_of
from impls.network.product_backends import MODES, prepare_inside
from opbench import Backend, Figured

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point

WARM_UPS = 3
"""On the stream beside, before capturing: libraries allocate their workspaces in the first calls."""


def prepare(point: Point, inputs: Inputs, out: Tensor | None, schedule: str) -> Launch:
    launch = prepare_inside(schedule or "auto")(point, inputs, out, "")
    return Figured(captured(launch), launch.figures) if isinstance(launch, Figured) else captured(launch)


def captured(launch: Launch) -> Launch:
    """One call of `launch` as a graph; replays write the same output tensor again."""
    current, side = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch: untyped
    side.wait_stream(current)
    with torch.cuda.stream(side):
        for _ in range(WARM_UPS):
            launch()
    current.wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = launch()

    def replay() -> Tensor:
        _ = launch  # holds the tensors whose memory the graph reads
        graph.replay()
        return result

    return replay


def _compiles(name: str) -> bool:
    """Whether the backend compiles at every point; one whose library is missing says so when it is asked for."""
    try:
        return entry_of(name).compiles_each_point
    except ModuleNotFoundError:
        return False


BACKEND = Backend(
    about="the whole network replayed as one CUDA graph, `auto` inside",
    prepare=prepare,
    devices=frozenset({"cuda"}),
    modes=MODES,
    schedules=tuple(name for name in backends() if not _compiles(name)),
    kind="choice",
)
