"""What the tests of the product share: torch.compile without its slowest part, where that part is not the question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
import torch

from impls.cross_hadamard.backends import torch_compile


@contextmanager
def stopping_at_graphs() -> Iterator[None]:
    """torch.compile stops at its graphs, which is where ours differ; generating code costs it 1 to 3 s for each.

    Values, dtypes, gradients and what NaN does stay with tests that have the code generated.
    """
    torch_compile._function.cache_clear()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
        yield
    torch_compile._function.cache_clear()


@pytest.fixture
def graphs_only() -> Iterator[None]:
    with stopping_at_graphs():
        yield
