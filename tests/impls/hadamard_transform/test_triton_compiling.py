"""The Triton kernel compiles for sm_90 and stores 16 bytes at a time where rows are long enough."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import impls.hadamard_transform

from ...compiled import release, remembered

pytest.importorskip("triton", reason="triton is not installed")


def compiled() -> list[dict[str, Any]]:
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    command = [sys.executable, "-m", "impls.hadamard_transform.gpu.triton_compiling"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_size_and_dtype_compiles_for_a_gpu_that_is_not_here() -> None:
    sources = Path(impls.hadamard_transform.__file__).parent
    reports = remembered(("hadamard triton", release("triton")), sources, compiled)
    assert [report["size"] for report in reports] == [2, 64, 1024, 4096, 48, 2048]
    wide = {report["size"]: report["stores"] for report in reports}
    assert any(".v4.b32" in store for store in wide[1024])
    assert any(".v4.b32" in store for store in wide[4096])
