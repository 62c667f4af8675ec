"""The package hadamard-transform: butterflies by torch.cat, one after the other, orthonormal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.hadamard_transform.backend_entry import Call, backend_of, delivered
from impls.hadamard_transform.orders import factored
from impls.installed import why_not_installed
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Launch


def unavailable(_: str) -> str | None:
    return why_not_installed("hadamard_transform", "hadamard-transform")


def launch_of(call: Call) -> Launch:
    if factored(call.block).order != 1:
        raise UsageError(f"takes powers of two, not {call.block}")
    from hadamard_transform import hadamard_transform

    x, factor = call.x, call.scale * call.block**0.5

    def launch() -> Tensor:
        y = x if call.before is None else x * call.before
        y = hadamard_transform(y.reshape(-1, call.block)).view(x.shape)
        y = y if abs(factor - 1) < 1e-12 else y * factor
        return delivered(y if call.after is None else y * call.after, call.out)

    return launch


BACKEND = backend_of(
    launch_of,
    about="the package hadamard-transform",
    kind="framework",
    rank=90,
    look=("#999999", "x"),
    unavailable=unavailable,
)
