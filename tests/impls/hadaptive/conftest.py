"""What these tests share: a seed for the noise of training, and one thread."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True)
def seeded(one_thread: None) -> None:
    torch.manual_seed(0)
