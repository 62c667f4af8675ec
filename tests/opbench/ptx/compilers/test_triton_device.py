"""Triton's own launches within `opbench.ptx.device`: compiled, right, and refused in a line where they cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opbench import ptx
from opbench.cache import cache_folder
from opbench.errors import UsageError
from tests.commands import Interpreter
from tests.compiled import COMPILING


@pytest.fixture(scope="module")
def outcomes(interpreter: Interpreter) -> dict[str, Any]:
    pytest.importorskip("triton", reason="triton is not installed")
    kept = {"TRITON_CACHE_DIR": str(cache_folder() / "tests" / "triton")}
    done = interpreter.module("tests.opbench.ptx.compilers.triton_cases", environment={**COMPILING, **kept})
    if done.code == 3:
        pytest.skip(done.stdout.strip())
    assert done.code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_grid_is_a_tuple_or_a_function_of_what_is_compiled_in(outcomes: dict[str, Any]) -> None:
    assert outcomes["grids"] == [True, True]


def test_what_runs_is_what_triton_compiles_for_these_arguments(outcomes: dict[str, Any]) -> None:
    assert outcomes["same text"]


def test_tensors_may_be_slices_of_one(outcomes: dict[str, Any]) -> None:
    assert outcomes["strided"] == [True, True]
    assert outcomes["overlapping"] == [2.0, 4.0, 6.0, 8.0, 4.0, 5.0]


def test_the_first_configuration_runs_where_nothing_can_be_timed(outcomes: dict[str, Any]) -> None:
    right, said, remembered, configurations = outcomes["autotuned"]
    assert right
    assert len(said) == 1
    assert "autotuned over 2 configurations; nothing can be timed here, so the first one runs: block: 32" in said[0]
    assert (remembered, configurations) == (0, 2)


def test_a_grid_without_blocks_launches_nothing(outcomes: dict[str, Any]) -> None:
    assert outcomes["nothing"] == 0


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("out of bounds", "0 bytes past the end of x (388 bytes)"),
        ("elsewhere", "x is a tensor on meta; within opbench.ptx.device kernels take dense tensors on the CPU"),
        ("clusters", "combine needs clusters (num_ctas above 1)"),
        ("timed", "UsageError: nothing can be timed on opbench.ptx.device"),
        ("as text", "UsageError: PTX is JITFunction; expected text"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(outcomes: dict[str, Any], case: str, said: str) -> None:
    assert said in outcomes[case]
    assert "\n" not in outcomes[case]


def test_an_architecture_has_kernels_of_its_own_and_the_driver_is_put_back(outcomes: dict[str, Any]) -> None:
    assert outcomes["sm_80"] == ["combine", "ptx:sm_90", "ptx:sm_80"]
    assert outcomes["put back"] == [True, True]


def test_a_kernel_that_is_interpreted_is_refused() -> None:
    interpreter = pytest.importorskip("triton.runtime.interpreter", reason="triton is not installed")
    kernel = interpreter.InterpretedFunction(test_a_kernel_that_is_interpreted_is_refused)
    with ptx.device(), pytest.raises(UsageError, match="TRITON_INTERPRET was set when it was defined; unset it"):
        kernel[(1,)]()
