"""What the three expansions share as operators: axes, tolerances, and two backends from the eager function alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.compiled import prepare_compiled, preparing, why_not
from impls.expansion.tolerances import TOLERANCES
from impls.expansion.width import AXES, CHECK_POINTS, sizes
from opbench import Backend, Operator

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import Tensor

    from opbench import Inputs, Launch, Point, Work

    Eager = Callable[[Point], Callable[..., Tensor]]


def expansion_operator(
    name: str,
    about: str,
    inputs: Callable[[Point], Inputs],
    reference: Callable[[Point, Inputs], torch.Tensor],
    work: Callable[[Point], Work],
    eager: Eager,
) -> Operator:
    """The operator, with backends `torch_eager` and `torch_compile`; the arguments as in `Operator`."""
    return Operator(
        name=name,
        about=about,
        axes=AXES,
        inputs=inputs,
        reference=reference,
        work=work,
        eager=eager,
        tolerances=TOLERANCES,
        check_points=CHECK_POINTS,
        sizes=sizes,
        further_backends=lambda: {
            "torch_eager": partial(eager_backend, eager),
            "torch_compile": partial(compiled_backend, eager),
        },
    )


def eager_backend(eager: Eager) -> Backend:
    def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
        return partial(eager(point), *inputs.values())

    return Backend(about="PyTorch's own operators, one after the other", prepare=prepare, kind="framework")


def compiled_backend(eager: Eager) -> Backend:
    return Backend(
        about="torch.compile of the eager definition, static shapes",
        prepare=prepare_compiled(eager),
        kind="compiler",
        unavailable=why_not,
        preparing=preparing,
    )
