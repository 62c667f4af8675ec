"""A backend that cannot run here says why, what can, and what to install."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType

import pytest
import torch

from impls.cross_hadamard import kernels
from impls.cross_hadamard.backends import triton_jit
from impls.cross_hadamard.functional import cross_hadamard
from opbench import simulation
from opbench.errors import MachineError


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(simulation.SWITCH, raising=False)
    kernels.resolve.cache_clear()
    kernels.usable.cache_clear()
    yield
    monkeypatch.undo()
    kernels.resolve.cache_clear()
    kernels.usable.cache_clear()


def test_a_backend_for_another_device_names_those_that_run_here() -> None:
    says = r"triton_jit cannot run on cpu: runs on cuda, not on cpu; there are: .*torch_eager, torch_select"
    with pytest.raises(MachineError, match=says):
        cross_hadamard(torch.ones(1, 2, 3), backend="triton_jit:flat")


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert triton_jit.unavailable("cuda") == "triton is not installed; python -m pip install triton"


def without(missing: str) -> Callable[[str], ModuleType]:
    """import_module on a machine where importing torch_select fails for want of `missing`."""

    def importing(name: str) -> ModuleType:
        if name.endswith("torch_select"):
            raise ModuleNotFoundError(name=missing)
        return import_module(name)

    return importing


def test_a_backend_whose_file_cannot_import_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "import_module", without("cupy.cuda"))
    assert "torch_select" not in kernels.usable("cpu")
    says = r"torch_select cannot run: cupy is not installed, .*pip install cupy-cuda13x; there are: .*torch_eager"
    with pytest.raises(MachineError, match=says):
        kernels.resolve("torch_select", "cpu")


def test_a_missing_module_of_our_own_is_a_fault_and_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "import_module", without("impls.cross_hadamard.stepz"))
    with pytest.raises(ModuleNotFoundError):
        kernels.resolve("torch_select", "cpu")


def test_backends_are_listed_without_importing_their_libraries() -> None:
    assert {"triton_jit", "numba_cuda", "cupy_raw", "cpp_ext", "torch_eager"} <= set(kernels.backends())
