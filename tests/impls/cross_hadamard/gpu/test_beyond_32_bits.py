"""Our kernels on tensors of more than 2^32 elements, as four compilers emit them; and a planted offset of 32 bits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ....commands import Interpreter
from ....compiled import COMPILING

MODULE = "tests.impls.cross_hadamard.gpu.beyond_32_bits"
LAST = 43 * (2056 * 2055 // 2) * 49 - 1
"""Of the output's elements, beyond 2^32."""
LAST_ODD = 43 * (2055 * 2054 // 2) * 49 - 1
"""Of an output whose vectors have one element."""


@pytest.fixture(scope="module")
def told(interpreter: Interpreter) -> list[dict[str, Any]]:
    ran = interpreter.module(MODULE, environment=COMPILING)
    assert ran.code == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def of(told: list[dict[str, Any]], name: str, operation: str) -> dict[str, Any]:
    mine = [each for each in told if each["name"] == name]
    reasons = [each.get("missing") or each.get("error", "") for each in mine]
    if not mine or any("no NVVM" in reason or mine[0].get("missing") for reason in reasons):
        pytest.skip(f"{name} is not here: {reasons}")
    (found,) = (each for each in mine if each["operation"] == operation)
    return found


@pytest.mark.parametrize(
    ("compiler", "schedule"),
    [
        *(("triton", each) for each in ("direct", "blocked", "flat")),
        *(("numba", each) for each in ("direct", "blocked", "flat")),
        *(("nvcc", each) for each in ("direct", "blocked")),
        ("nvrtc", "flat"),
    ],
)
def test_products_beyond_32_bits_are_where_they_belong(
    compiler: str, schedule: str, told: list[dict[str, Any]]
) -> None:
    found = of(told, compiler, schedule)
    assert "error" not in found, found
    assert found["wrong"] == 0
    assert found["written"] >= 98
    assert found["first"] == 0
    assert LAST > 2**32
    assert found["last"] == LAST


def test_vectors_are_counted_beyond_32_bits(told: list[dict[str, Any]]) -> None:
    found = of(told, "triton", "odd")
    assert "error" not in found, found
    assert found["wrong"] == 0
    assert found["last"] == LAST_ODD


@pytest.mark.parametrize("compiler", ["triton", "nvrtc", "numba"])
def test_gradients_are_read_beyond_32_bits(compiler: str, told: list[dict[str, Any]]) -> None:
    found = of(told, compiler, "gradient")
    assert "error" not in found, found
    assert found["wrong"] == 0
    assert found["written"] >= 98


def test_an_offset_of_32_bits_is_named_with_its_line(told: list[dict[str, Any]]) -> None:
    error = of(told, "narrowed", "direct").get("error", "")
    assert "out of bounds: writes 2 bytes" in error
    assert ".cuh:" in error
    assert "block (" in error
