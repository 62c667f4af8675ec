"""The stages of butterflies through torch.compile, static shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.compiled import compiled, preparing, why_not
from impls.hadamard_transform import steps
from impls.hadamard_transform.backend_entry import Call, backend_of, delivered

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Launch


def launch_of(call: Call) -> Launch:
    block, scale, transposed = call.block, call.scale, call.transposed

    def plain(x: Tensor, before: Tensor | None, after: Tensor | None) -> Tensor:
        return steps.transform(x, block, scale, before, after, transposed=transposed)

    function = compiled(plain)

    def launch() -> Tensor:
        with torch.no_grad():
            return delivered(function(call.x, call.before, call.after), call.out)

    return launch


BACKEND = backend_of(
    launch_of,
    about="torch.compile of the butterflies",
    kind="compiler",
    rank=60,
    look=("#E69F00", "^"),
    unavailable=why_not,
    preparing=preparing,
)
