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
from ..on_ptx import checked_on_ptx
from .points import OPERATORS

pytest.importorskip("triton", reason="triton is not installed")

from impls.cross_hadamard.gpu.triton_kernels import language

ALL = ("float32", "float64", "float16", "bfloat16")
SIZES = {"batch": 2, "channels": 7, "out_channels": 7, "edge": 5, "kernel": 3}
Own: TypeAlias = "dict[str, AxisValue]"
OWN: list[tuple[str, Own]] = [("ach_bottleneck", {"selected": 5}), ("ghost_bottleneck", {"ratio": 3.0})]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("operator", OPERATORS)
def test_the_kernel_is_right_at_every_check_point(operator: str) -> None:
    assert_correct(operator, ["triton_jit"], device=DEVICE)


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize(("operator", "own"), OWN)
def test_it_is_right_in_every_dtype(operator: str, own: Own) -> None:
    assert_correct(
        operator, ["triton_jit"], ALL, axes={name: (value,) for name, value in (SIZES | own).items()}, device=DEVICE
    )


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
