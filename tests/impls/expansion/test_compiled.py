from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch

from impls.compiled import SWITCH, compiled, why_not


def scaled_by(size: int) -> Callable[[torch.Tensor], torch.Tensor]:
    factors = torch.arange(size)
    return lambda x: x * factors


@pytest.fixture
def without_code_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dynamo's guards and limits are what is tested; its `eager` backend runs the graph without a compiler."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))


@pytest.mark.usefixtures("without_code_generation")
def test_more_shapes_than_the_recompile_limit_stay_compiled() -> None:
    limit = torch._dynamo.config.recompile_limit
    sizes = range(2, limit + 5)
    kept = {size: compiled(scaled_by(size), torch.ones(size)) for size in sizes}
    with torch.compiler.set_stance("fail_on_recompile"):
        for size in sizes:
            assert torch.equal(kept[size](torch.ones(size)), torch.arange(size))


@pytest.mark.usefixtures("without_code_generation")
def test_a_function_that_is_not_one_graph_raises_instead_of_running_eager() -> None:
    def broken(x: torch.Tensor) -> torch.Tensor:
        torch._dynamo.graph_break()
        return x + 1

    with pytest.raises(Exception, match=r"(?i)graph.?break"):
        compiled(broken, torch.ones(2))


def test_only_a_plain_function_is_taken() -> None:
    with pytest.raises(TypeError, match="plain function, got Linear"):
        compiled(torch.nn.Linear(1, 1))


def test_without_a_compiler_it_says_which_one_it_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert "'no-such-compiler'" in str(why_not("cpu"))


def test_switched_off_it_says_so_instead_of_timing_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "1")
    assert SWITCH in str(why_not("cpu"))
