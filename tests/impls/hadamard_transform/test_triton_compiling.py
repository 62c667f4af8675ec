"""The Triton kernels compile for sm_90: 16 bytes a store where rows are long, as few products as there can be."""

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


@pytest.fixture(scope="module")
def reports() -> list[dict[str, Any]]:
    sources = Path(impls.hadamard_transform.__file__).parent
    found: list[dict[str, Any]] = remembered(("hadamard triton", release("triton")), sources, compiled)
    return found


def test_every_size_and_dtype_compiles_for_a_gpu_that_is_not_here(reports: list[dict[str, Any]]) -> None:
    assert [report["size"] for report in reports] == [2, 64, 1024, 4096, 48, 2048, 256, 4096, 1024, 256]
    for report in reports:
        if report["size"] >= 1024 and report["dtype"] != "torch.float64":
            assert any(".v4.b32" in store for store in report["stores"])
        assert not report["spilled"]


def test_four_stages_are_one_product_of_16_bits_a_part_and_nothing_is_multiplied_twice(
    reports: list[dict[str, Any]],
) -> None:
    """A product gives 16 x 8 results, of float64 8 x 8 from 4 of 16 terms. By the elements of a warp: 1,024, of 4,096
    2,048. Parts are one of an input in 16 bits, two of its sums, three in float32.

    The PTX machine does not execute `wgmma`.
    """
    counted = [report["products"] for report in reports[6:]]
    assert counted == [
        {of("m16n8k16", "bf16"): (1024 // 128) * (1 + 2)},
        {of("m16n8k16", "f16"): (2048 // 128) * 1, of("m16n8k16", "bf16"): (2048 // 128) * (2 + 2)},
        {of("m16n8k16", "bf16"): (1024 // 128) * (3 + 3)},
        {of("m8n8k4", "f64", "f64"): (1024 // 64) * 4 * 2},
    ]


def of(shape: str, kind: str, wide: str = "f32") -> str:
    return f"mma.sync.aligned.{shape}.row.col.{wide}.{kind}.{kind}.{wide}"
