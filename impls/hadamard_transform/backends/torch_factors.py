"""Two small matrix products: the transform of n = a * b elements is one of order a along one axis of (a, b), and one of
order b along the other. a + b multiply-adds an element, by the library that multiplies matrices fastest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.hadamard_transform.backend_entry import Call, backend_of, delivered
from impls.hadamard_transform.matrices import matrix_of, sylvester
from impls.hadamard_transform.orders import factored

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Launch


def halves(block: int) -> tuple[int, int]:
    """(a, b) with a * b = block, b a power of two, as near to each other as can be."""
    order, length = factored(block)
    choices = [(order * (length >> shift), 1 << shift) for shift in range(length.bit_length())]
    return min(choices, key=sum)


def launch_of(call: Call) -> Launch:
    shape, x = call.x.shape, call.x
    a, b = halves(call.block)
    outer = matrix_of(a) * call.scale
    left = (outer.T if call.transposed else outer).to(x.device, x.dtype).contiguous()
    right = sylvester(b).to(x.device, x.dtype)

    def launch() -> Tensor:
        y = x if call.before is None else x * call.before
        y = torch.matmul(left, (y.reshape(-1, b) @ right).view(-1, a, b)).view(shape)
        return delivered(y if call.after is None else y * call.after, call.out)

    return launch


BACKEND = backend_of(
    launch_of, about="two products with small matrices", kind="framework", rank=40, look=("#009E73", "<")
)
