"""What the tests of one operator family share: simulators stand in for a GPU that is not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from impls.cross_hadamard import kernels
from opbench.simulation import SWITCH

from .subjects import HAS_GPU


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """GPU backends run on CPU tensors."""
    if not HAS_GPU:
        monkeypatch.setenv(SWITCH, "1")
    _forget()
    yield
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    kernels.resolve.cache_clear()
    kernels.usable.cache_clear()
