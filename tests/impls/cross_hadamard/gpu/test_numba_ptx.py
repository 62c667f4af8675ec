"""Numba's kernels, compiled for sm_90, on the PTX machine: in a process that has not imported Numba to simulate."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ....commands import Interpreter
from ....compiled import COMPILING

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

MODULE = "tests.impls.cross_hadamard.gpu.numba_ptx"
EXPECTED = {
    "direct": ["direct"],
    "balanced": ["balanced"],
    "blocked": ["blocked"],
    "flat": ["flat"],
    "softsign": ["blocked", "expand_owner"],
    "identity": ["blocked", "expand_owner"],
    "columns": ["columns"],
    "user": ["scaled"],
}


@pytest.fixture(scope="module")
def told(interpreter: Interpreter) -> dict[str, dict[str, Any]]:
    ran = interpreter.module(MODULE, environment=COMPILING)
    assert ran.code == 0, ran.stderr
    found = {line["name"]: line for line in map(json.loads, ran.stdout.splitlines())}
    if any("Numba finds no NVVM" in str(line["right"]) for line in found.values()):
        pytest.skip("Numba finds no NVVM; install the CUDA toolkit and set CUDA_HOME")
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_what_numba_emits_computes_what_was_meant(name: str, told: dict[str, dict[str, Any]]) -> None:
    assert told[name]["right"] is True, told[name]["right"]
    kernels = told[name]["kernels"]
    assert len(kernels) == len(EXPECTED[name])
    assert all(part in kernel for part, kernel in zip(EXPECTED[name], kernels, strict=True)), kernels
