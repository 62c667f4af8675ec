"""Who says what a case's kernels take of a GPU, and what is said where nobody can."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opbench import catalog
from opbench.errors import MachineError, UsageError
from opbench.profiling.kernel_resources import kernel_resources_of
from opbench.vocabulary.backend import KernelResources
from opbench.vocabulary.case import Axes, Case, Point

KERNEL = KernelResources("one", 31, 0, None, "the test")


def case_for(backend: str, operator: str = "liar") -> Case:
    return Case(Point(operator, Axes({"size": 7})), backend)


def with_resources(monkeypatch: pytest.MonkeyPatch, find: Any) -> None:
    """Gives `honest`, and no other, something to say."""
    real = catalog.backend

    def backend(operator: str, name: str) -> Any:
        found = real(operator, name.partition(":")[0])
        return replace(found, resources=find) if name.startswith("honest") else found

    monkeypatch.setattr(catalog, "backend", backend)


def test_the_backend_is_asked_for_the_cases_point_and_schedule(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments: list[Any] = []

    def find(*positional: Any) -> list[KernelResources]:
        arguments.append(positional)
        return [KERNEL]

    with_resources(monkeypatch, find)
    assert kernel_resources_of(case_for("honest:fast")) == (KERNEL,)
    assert arguments == [(case_for("honest").point, "fast")]


def test_a_backend_that_cannot_say_is_refused_with_those_that_can(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MachineError, match=r"no backend of liar says what its kernels take of a GPU, so zeros cannot"):
        kernel_resources_of(case_for("zeros"))
    with_resources(monkeypatch, lambda *_: [KERNEL])
    with pytest.raises(MachineError, match=r"these do: honest$"):
        kernel_resources_of(case_for("zeros"))


def test_no_kernel_is_not_an_empty_table(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_resources(monkeypatch, lambda *_: [])
    with pytest.raises(MachineError, match="honest starts no kernel of its own for liar"):
        kernel_resources_of(case_for("honest"))


def test_a_missing_library_and_an_unknown_backend_are_said(liar: str) -> None:
    with pytest.raises(MachineError, match="missing: cupy_of_the_future is not installed"):
        kernel_resources_of(case_for("missing"))
    with pytest.raises(UsageError, match="no backend 'none'"):
        kernel_resources_of(case_for("none"))


def test_every_backend_with_gpu_kernels_of_its_own_says_it() -> None:
    with pytest.raises(MachineError, match=r"these do: cpp_ext, cupy_raw, numba_cuda, triton_jit$"):
        kernel_resources_of(
            Case(Point("cross_hadamard", catalog.operator("cross_hadamard").complete({})), "torch_eager")
        )
