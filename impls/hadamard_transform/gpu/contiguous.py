"""A call as kernels take it: contiguous, and into memory that is contiguous too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from impls.hadamard_transform.backend_entry import Call


def through_contiguous(call: Call, launch: Callable[[Call, Tensor, Tensor], None]) -> Tensor:
    """The call's result, `call.out` where that is given, which may be x itself or strided.

    launch(call, x, out): writes the transform of x into out, contiguous both and of one shape; not called where empty.
    """
    x = call.x.contiguous()
    given = call.out is not None and call.out.is_contiguous()
    out = call.out if call.out is not None and given else torch.empty_like(x)
    if x.numel():
        launch(call, x, out)
    if call.out is None or given:
        return out
    return call.out.copy_(out)
