"""Numba's kernels, compiled for sm_90, on the PTX machine: in a process that has not imported Numba to simulate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opbench.simulation import SWITCHES

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

SCRIPT = Path(__file__).with_name("numba_ptx.py")
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
def told() -> dict[str, dict[str, Any]]:
    environment = {name: text for name, text in os.environ.items() if name not in SWITCHES}
    environment["PYTHONPATH"] = str(SCRIPT.parents[4])
    ran = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 0, ran.stderr
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
