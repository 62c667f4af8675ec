"""The bottlenecks' Triton kernels: under the interpreter, on the device where there is one, and as compiled for one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeAlias

import pytest
import torch

import impls.bottlenecks
import opbench.ptx
from opbench.testing import assert_correct
from opbench.vocabulary.case import AxisValue

from ...compiled import release, remembered
from ...rows import rows
from ..on_ptx import checked_on_ptx

pytest.importorskip("triton", reason="triton is not installed")

from impls.cross_hadamard.gpu.triton_kernels import language

FEW = ("float32",)
ALL = ("float32", "float64", "float16", "bfloat16")
SIZES = {"batch": 2, "channels": 7, "out_channels": 7, "edge": 5, "kernel": 3}
Own: TypeAlias = "dict[str, AxisValue]"
OWN: list[tuple[str, Own]] = [("ach_bottleneck", {"selected": 5}), ("ghost_bottleneck", {"ratio": 3.0})]
INTERPRETED: list[tuple[str, Own, tuple[str, ...]]] = [
    ("ach_bottleneck", {"edge": 3, "selected": 4, "kernel": 3}, ALL),
    ("ach_bottleneck", {"edge": 5, "selected": 3, "kernel": 2, "stride": 2, "batch": 2, "batchnorm": 1}, FEW),
    ("ach_bottleneck", {"edge": 5, "selected": 5, "kernel": 1, "channels": 13, "out_channels": 3}, FEW),
    ("ach_bottleneck", {"edge": 1, "selected": 1, "kernel": 4, "layout": "channels_first"}, FEW),
    ("ach_bottleneck", {"edge": 1, "selected": 0, "kernel": 3}, FEW),
    ("ach_bottleneck", {"edge": 3, "selected": 2, "kernel": 3, "batch": 0}, FEW),
    ("ghost_bottleneck", {"edge": 3, "ratio": 2.2, "kernel": 1}, ALL),
    ("ghost_bottleneck", {"edge": 5, "ratio": 3.0, "kernel": 2, "stride": 2, "batch": 2}, FEW),
    ("ghost_bottleneck", {"edge": 2, "ratio": 1.0, "kernel": 3}, FEW),
]
"""Even and odd windows, larger than the map, and without overlap; several pieces of pixels; pairs of none, of one."""

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


@pytest.mark.usefixtures("simulated")
@rows("operator, axes, dtypes", INTERPRETED)
def test_the_kernel_is_right(operator: str, axes: Own, dtypes: tuple[str, ...]) -> None:
    """Of few pixels: the interpreter takes a millisecond for an element of the window and a program."""
    asked = {"batch": 1, "channels": 5, "out_channels": 5, **axes}
    assert_correct(operator, ["triton_jit"], dtypes, axes={name: (one,) for name, one in asked.items()}, device=DEVICE)


@pytest.mark.parametrize(("operator", "own"), OWN)
def test_compiled_for_a_gpu_it_is_right_on_the_ptx_machine(operator: str, own: Own) -> None:
    """No race, nothing read outside, nothing unwritten; several pieces of pixels, a group that is not full."""
    sources = Path(impls.bottlenecks.__file__).parent
    told = remembered([operator, release("triton"), *_beside()], sources, lambda: _checked(operator, own))
    assert re.search(r"triton_jit 4 passed", told), told


def _beside() -> list[str]:
    """The text of what else the verdict depends on: how kernels are launched, and the machine."""
    machine = Path(opbench.ptx.__file__).parent
    folders = ("memory", "running", "launching", "compilers", "instructions")
    files = [Path(language.__file__), *(file for one in folders for file in sorted((machine / one).rglob("*.py")))]
    return [file.read_text(encoding="utf-8") for file in files]


def _checked(operator: str, own: Own) -> str:
    words = [word for name, value in (SIZES | own).items() for word in (f"--{name}", str(value))]
    return checked_on_ptx(operator, "triton_jit", *words, "--dtype", ",".join(ALL))
