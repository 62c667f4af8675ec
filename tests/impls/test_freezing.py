"""Compiled with its weights as constants, in every way there is: its settings in force, and nothing left of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impls import compiled as compiling
from impls.compiled import compiled
from impls.freezing import WAYS, frozen


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Inductor's settings and whether gradients could be wanted, whenever a graph is compiled."""
    from torch._inductor import config

    found: list[dict[str, Any]] = []

    def backend(graph: torch.fx.GraphModule, _: Sequence[Tensor]) -> Callable[..., Any]:
        names = ("freezing", "max_autotune", "cpp_wrapper")
        found.append({name: getattr(config, name) for name in names} | {"gradients": torch.is_grad_enabled()})
        return graph.forward

    whole = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function, **given: whole(function, backend=backend, **given))
    monkeypatch.setattr(compiling, "_load_quietly", lambda: None)
    return found


@pytest.mark.parametrize("way", WAYS)
def test_it_is_compiled_once_by_the_settings_of_its_way(way: str, seen: list[dict[str, Any]]) -> None:
    from torch._inductor import config

    layer, x = nn.Linear(3, 2), torch.randn(5, 3)

    def forward(x: Tensor) -> Tensor:
        y: Tensor = layer(x)
        return y

    function = compiled(forward)
    launch = frozen(lambda: function(x), way)
    assert torch.equal(launch(), layer(x))
    assert not launch().requires_grad
    settings = {"freezing": True, "max_autotune": False, "cpp_wrapper": False, "gradients": False}
    assert seen == [settings | dict(WAYS[way])]
    assert not config.freezing
