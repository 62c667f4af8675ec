"""Pi-Net's Triton kernels where one degree's place and one degree's root lie beyond 2^31 elements; prints JSON.

Run as a module, in a process that simulates nothing: `python -m tests.impls.polynomial.beyond_32_bits`.
"""

from __future__ import annotations

import json
import sys

import torch
from torch import Tensor

from impls.polynomial.pi_net.definition import Recursion
from impls.polynomial.pi_net.gpu import launches, programs
from opbench import ptx

RECURSION = Recursion("ncp", skip=True, norm=True)
DEGREE, HIDDEN = 17, 2
LAST = 3
"""Samples of the last program."""
MANY = (1 << 27) + LAST
"""Samples: 16 degrees of them are more than 2^31, each of two hidden values."""


def ran(batch: int) -> list[Tensor]:
    """Of the last samples: values, factors and roots forward, and both gradients; the others are zeros."""
    p, of_p = (ptx.lazy_zeros((batch, DEGREE, HIDDEN)) for _ in range(2))
    x, y, of_y = (ptx.lazy_zeros((DEGREE, batch, HIDDEN)) for _ in range(3))
    roots, grad = ptx.lazy_zeros((DEGREE, batch)), ptx.lazy_zeros((batch, HIDDEN))
    random = torch.Generator().manual_seed(0)
    p[-LAST:] = torch.randn(LAST, DEGREE, HIDDEN, generator=random)
    grad[-LAST:] = torch.randn(LAST, HIDDEN, generator=random)
    s = torch.randn(DEGREE - 1, HIDDEN, HIDDEN, generator=random)
    b = torch.randn(DEGREE, HIDDEN, generator=random)
    a, z = torch.empty(DEGREE, HIDDEN, 1), torch.empty(1).expand(batch, 1)  # of which a launch takes sizes and dtype
    with ptx.device(blocks=2):
        launches._launch(programs.forward, RECURSION, a, z, (p, s, b, x, y, roots))
        launches._launch(programs.backward, RECURSION, a, z, (grad, p, s, b, x, y, roots, of_p, of_y))
    found = (*(each[:, -LAST:] for each in (x, y, roots)), of_p[-LAST:], of_y[:, -LAST:])
    return [each.clone() for each in found]


def main() -> int:
    among, alone = ran(MANY), ran(LAST)
    same = [torch.equal(one, other) for one, other in zip(among, alone, strict=True)]
    print(json.dumps({"same": same, "zeros": [not bool(each.any()) for each in alone]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
