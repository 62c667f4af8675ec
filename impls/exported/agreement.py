"""Does the file compute what the model does? Held against PyTorch before it is written.

A selection jumps where two scores are as good as equal: rounding then decides, PyTorch's own no less than a runtime's.
A sample that PyTorch itself answers otherwise after a change in the last bits of the image decides nothing and is left
out; Hadaptive-Net-L has one in a dozen of noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from opbench.errors import UsageError

if TYPE_CHECKING:
    from onnx import ModelProto

NEAR = {torch.float32: 1e-5, torch.float16: 1e-2}
"""How far outputs may be from the model's, over the largest of them (over 1 where that is smaller)."""

SAMPLES, BATCHES = 4, (1, 3)
LAST_BITS, NUDGES = 2.0**-21, 12


def drawn(shape: tuple[int, ...]) -> Tensor:
    """As many samples as `check` takes, float32 noise. shape: of a batch of any size."""
    return torch.randn((SAMPLES, *shape[1:]), generator=torch.Generator().manual_seed(0))


def check(exported: ModelProto, model: nn.Module, x: Tensor, near: float) -> None:
    """x: SAMPLES of them, which are given in two batches, of 1 and 3. near: as NEAR.

    Raises UsageError where a stock ONNX Runtime computes something else, and where no sample could tell; onnx's
    ValidationError for a file that is not well formed.
    """
    import onnx

    from impls.exported.session import open_model

    onnx.checker.check_model(exported)
    session = open_model(exported.SerializeToString(), "the exported model", with_library=False)
    want = answers(model, x)
    parts = [session.outputs(part.numpy()) for part in torch.split(x, list(BATCHES))]
    got = [torch.cat([torch.from_numpy(one) for one in of_output]) for of_output in zip(*parts, strict=True)]
    limits = [near * max(1.0, float(one.double().abs().max())) for one in want]
    off = torch.stack([_deviations(*both) / limit for *both, limit in zip(got, want, limits, strict=True)]).amax(0)
    wrong = [
        at
        for at in range(SAMPLES)
        if not float(off[at]) <= 1 and not jumps(model, x[at], [one[at] for one in want], limits)
    ]
    left_out = sum(not float(deviation) <= 1 for deviation in off) - len(wrong)
    if left_out == SAMPLES:
        raise UsageError(
            f"whether the exported {type(model).__name__} is right could not be told: rounding decides all of "
            f"{SAMPLES} samples; nothing was written"
        )
    if wrong:
        raise UsageError(
            f"the exported {type(model).__name__} answers otherwise than PyTorch: an output is {float(off.max()):.2g} "
            f"times as far off as the {near:g} of its largest that were expected at most; nothing was "
            "written"
        )


def jumps(model: nn.Module, sample: Tensor, want: Sequence[Tensor], limits: Sequence[float]) -> bool:
    """Whether one of the model's own answers moves by more than its limit with the last bits of the sample."""
    random = torch.Generator().manual_seed(1)
    nudges = 1 + LAST_BITS * torch.randn((NUDGES, *sample.shape), generator=random)
    nudged = answers(model, (sample.float() * nudges).to(sample.dtype))
    return any(
        float((moved.double() - still.double()).abs().max()) > limit
        for moved, still, limit in zip(nudged, want, limits, strict=True)
    )


@torch.no_grad()
def answers(model: nn.Module, x: Tensor) -> list[Tensor]:
    """What the model returns, one tensor or several."""
    found: Tensor | tuple[Tensor, ...] = model(x)
    return [found] if isinstance(found, Tensor) else list(found)


def _deviations(got: Tensor, want: Tensor) -> Tensor:
    """The largest of each sample."""
    return (got.double() - want.double()).flatten(1).abs().amax(1)
