"""A GPU is waited for, a CPU is not."""

from __future__ import annotations

import pytest
import torch

from opbench.device import synchronize


@pytest.mark.parametrize(("device", "waits"), [("cpu", 0), ("cuda", 1)])
def test_only_a_gpu_is_waited_for(device: str, waits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: waited.append("cuda"))
    synchronize(device)
    assert len(waited) == waits
