"""Chains of multiply-adds in Triton: under its interpreter here, on the device where there is one."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("triton", reason="triton is not installed")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
@pytest.mark.parametrize(("count", "steps"), [(1, 1), (7, 3), (1021, 4), (1025, 5), (2047, 2)])
def test_every_lane_takes_every_step(count: int, steps: int, dtype: torch.dtype) -> None:
    from impls.machine.arithmetic import TERM
    from impls.machine.triton_jit import _chains

    x = torch.arange(count, dtype=torch.float64).remainder(5).to(dtype).to(DEVICE)
    assert torch.equal(_chains(x, steps), TERM - x if steps % 2 else x)
