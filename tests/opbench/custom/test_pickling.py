"""What `torch.compile` returned is taken apart and compiled again with what it was given."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from opbench.custom.custom_axes import custom_axes
from opbench.custom.definition import Definition
from opbench.custom.implementation import Implementation
from opbench.custom.pickling import compile_options, write
from opbench.errors import UsageError


def doubled(x: torch.Tensor) -> torch.Tensor:
    return x + x


def definition(function: Any) -> Definition:
    return Definition("mine", {"one": Implementation(function)}, torch.ones, custom_axes({"size": [3]}))


def carried(function: Any, folder: Path) -> Any:
    write(definition(function), folder / "definition")
    with (folder / "definition").open("rb") as file:
        paths, found = pickle.load(file), pickle.load(file)
    assert all(isinstance(path, str) for path in paths)
    return found.implementations["one"].function


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"fullgraph": True},
        {"dynamic": True},
        {"mode": "max-autotune-no-cudagraphs"},
        {"options": {"max_autotune": True}},
    ],
)
def test_a_compiled_function_is_compiled_again_in_the_same_way(given: dict[str, Any], tmp_path: Path) -> None:
    compiled: Any = torch.compile(doubled, **given)
    again = carried(compiled, tmp_path)
    assert again._torchdynamo_orig_callable is doubled
    assert compile_options(again) == compile_options(compiled)


def test_functions_closures_and_modules_are_carried(tmp_path: Path) -> None:
    factor = 3.0
    x = torch.randn(5, 5)
    linear = torch.nn.Linear(5, 7)
    for function in (functional.gelu, lambda x: x * factor, linear, torch.compile(lambda x: x + 1, backend="inductor")):
        if hasattr(function, "_torchdynamo_orig_callable"):
            assert callable(carried(function, tmp_path))
        else:
            assert torch.equal(carried(function, tmp_path)(x), function(x))


@pytest.mark.parametrize("kept", [threading.Lock(), torch.compile(functional.gelu, backend="eager")])
def test_what_cannot_be_carried_is_one_line(kept: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can be carried to another process") as refused:
        write(definition(kept if callable(kept) else lambda x: (x, kept)), tmp_path / "definition")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "definition").exists()
