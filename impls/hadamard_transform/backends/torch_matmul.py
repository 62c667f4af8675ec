"""One matrix product by the explicit matrix: n multiply-adds an element where log2(n) additions would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.hadamard_transform.backend_entry import Call, backend_of, delivered
from impls.hadamard_transform.matrices import matrix_of
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Launch

LARGEST = 1 << 13
"""Of a block: the matrix of the next size has a gigabyte in float32."""


def launch_of(call: Call) -> Launch:
    if call.block > LARGEST:
        raise UsageError(f"takes blocks up to {LARGEST}, not {call.block}: the matrix would take gigabytes")
    shape, x = call.x.shape, call.x
    scaled = matrix_of(call.block) * call.scale
    matrix = (scaled if call.transposed else scaled.T).to(x.device, x.dtype).contiguous()

    def launch() -> Tensor:
        y = x if call.before is None else x * call.before
        if call.out is not None and call.out is not x and call.out.is_contiguous() and call.after is None:
            torch.mm(y.reshape(-1, call.block), matrix, out=call.out.view(-1, call.block))
            return call.out
        y = (y.reshape(-1, call.block) @ matrix).view(shape)
        return delivered(y if call.after is None else y * call.after, call.out)

    return launch


BACKEND = backend_of(
    launch_of, about="a product with the explicit matrix", kind="framework", rank=80, look=("#56B4E9", "v")
)
