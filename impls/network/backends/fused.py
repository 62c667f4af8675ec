"""The networks prepared for inference: every layer, stem and classifier included, in one call of our C++ layers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls import native
from impls.hadaptive.fused.network import fused
from impls.network.launches import launch_of, network_of
from impls.resident import loaded
from impls.threads import use_threads
from opbench import Backend, Figured, Preparing
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from impls.hadaptive.fused.network import FusedNet
    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    """Without a watch over weights, which runtimes that read them from a file do not keep either.

    Its `load_s` and `peak_bytes` are those of folding, packing and a first call of a copy, whose weights are in it.

    Raises UsageError for a network of which a layer would run as PyTorch's own: that is another backend's figure.
    """
    use_threads(point.axes)
    figures = loaded(
        lambda: _fused(point, {name: one.clone() for name, one in inputs.items()}),
        lambda copy: copy(inputs["x"]),
        point.device,
    )[1]
    quick = _fused(point, inputs)
    return Figured(launch_of(point, inputs, quick, quick), figures)


def _fused(point: Point, inputs: Inputs) -> FusedNet:
    quick = fused(network_of(point, inputs, "auto"), watch=False)
    if quick.left:
        raise UsageError(f"{point.operator} is not fused as a whole: {'; '.join(quick.describe().splitlines())}")
    return quick


def _why_not(_: str) -> str | None:
    return native.why_not()


BACKEND = Backend(
    about="the whole network in one call of C++ layers: BatchNorm folded, channels last, no expanded tensor written",
    prepare=prepare,
    devices=frozenset({"cpu"}),
    dtypes=frozenset({"float32"}),
    kind="runtime",  # of its own: sweeps that compare products inside PyTorch's layers do not mean it
    look=("#117733", "p"),
    unavailable=_why_not,
    preparing=partial(Preparing, first_s=30.0),
)
