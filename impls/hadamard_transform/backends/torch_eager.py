"""Stages of butterflies in PyTorch's own operators, each of which reads and writes all of x."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.hadamard_transform import steps
from impls.hadamard_transform.backend_entry import Call, backend_of, delivered

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Launch


def launch_of(call: Call) -> Launch:
    x, before, after = call.x, call.before, call.after

    def launch() -> Tensor:
        y = steps.transform(
            x, call.block, call.scale, before, after, transposed=call.transposed, combine=steps.by_matrix
        )
        return delivered(y, call.out)

    return launch


BACKEND = backend_of(
    launch_of, about="butterflies, a stage at a time", kind="framework", rank=50, look=("#000000", "s")
)
