"""Does the file compute what the model does? Held against PyTorch before it is written.

A selection jumps where two scores are as good as equal: rounding then decides, PyTorch's own no less than a runtime's.
A sample that PyTorch itself answers otherwise after a change in the last bits of the image decides nothing and is left
out; Hadaptive-Net-L has one in a dozen of noise.
"""

from __future__ import annotations

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


def check(exported: ModelProto, model: nn.Module, like: Tensor) -> None:
    """like: (1, ...), the shape and dtype of one sample; values are drawn. Two batches, of 1 and 3 samples.

    Raises UsageError where a stock ONNX Runtime computes something else, and where no sample could tell; onnx's
    ValidationError for a file that is not well formed.
    """
    import onnx

    from impls.exported.session import open_model

    onnx.checker.check_model(exported)
    session = open_model(exported.SerializeToString(), "the exported model", with_library=False)
    x = torch.randn((SAMPLES, *like.shape[1:]), generator=torch.Generator().manual_seed(0)).to(like.dtype)
    with torch.no_grad():
        want = model(x)
    got = torch.cat([torch.from_numpy(session(part.numpy())) for part in torch.split(x, list(BATCHES))])
    off = (got.double() - want.double()).flatten(1).abs().amax(1)
    limit = NEAR[like.dtype] * max(1.0, float(want.double().abs().max()))
    wrong = [at for at in range(SAMPLES) if not float(off[at]) <= limit and not jumps(model, x[at], want[at], limit)]
    left_out = sum(not float(deviation) <= limit for deviation in off) - len(wrong)
    if left_out == SAMPLES:
        raise UsageError(
            f"whether the exported {type(model).__name__} is right could not be told: rounding decides all of "
            f"{SAMPLES} samples; nothing was written"
        )
    if wrong:
        raise UsageError(
            f"the exported {type(model).__name__} answers otherwise than PyTorch: an output is {float(off.max()):.2g} "
            f"off, and at most {limit:.2g} was expected; nothing was written"
        )


def jumps(model: nn.Module, sample: Tensor, want: Tensor, limit: float) -> bool:
    """Whether the model's own answer moves by more than `limit` with the last bits of the sample."""
    random = torch.Generator().manual_seed(1)
    nudges = 1 + LAST_BITS * torch.randn((NUDGES, *sample.shape), generator=random)
    with torch.no_grad():
        nudged = model((sample.float() * nudges).to(sample.dtype))
    return float((nudged.double() - want.double()).abs().max()) > limit
