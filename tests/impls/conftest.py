"""What tests of several operators share: simulators in place of a GPU that is not there, and one thread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from impls.cross_hadamard import kernels
from opbench.simulation import SWITCH


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """GPU backends run on CPU tensors; where there is a GPU, they run on it."""
    if not torch.cuda.is_available():
        monkeypatch.setenv(SWITCH, "1")
    _forget()
    yield
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    kernels.resolve.cache_clear()
    kernels.usable.cache_clear()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Tiny networks on two processes' threads spend their time waiting for each other: 13 s a training, not 1."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
