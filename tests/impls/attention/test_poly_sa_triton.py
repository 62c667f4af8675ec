"""Poly-SA's Triton kernels: under the interpreter, on the device where there is one, and as compiled for one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

import impls.attention.poly_sa
import opbench.ptx.instructions
from impls.attention.poly_sa.operator import gated

from ...compiled import release, remembered
from ..on_ptx import checked_on_ptx

pytest.importorskip("triton", reason="triton is not installed")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
CLOSE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


def tensors(batch: int, tokens: int, width: int, dtype: torch.dtype) -> list[Tensor]:
    random = torch.Generator().manual_seed(0)
    x = torch.randn(batch, tokens, width, generator=random).to(DEVICE, dtype)
    weights = [torch.randn(width, width, generator=random).div(width**0.5).to(DEVICE, dtype) for _ in range(3)]
    return [x, *weights]


@pytest.mark.parametrize(
    ("batch", "tokens", "width", "dtype"),
    [
        *((2, 37, 19, dtype) for dtype in CLOSE),
        (1, 1, 1, torch.float32),
        (3, 33, 131, torch.float32),  # several groups of channels, several steps of the inner size
        (1, 67, 131, torch.bfloat16),
        (2, 0, 7, torch.float32),
    ],
)
def test_it_is_the_definition(batch: int, tokens: int, width: int, dtype: torch.dtype) -> None:
    from impls.attention.poly_sa.gpu import launches

    given = tensors(batch, tokens, width, dtype)
    found, want = launches.poly_sa(*given), gated(*(each.double() for each in given))
    assert found.shape == given[0].shape
    if tokens:
        scale = float(want.pow(2).mean().sqrt())
        assert torch.allclose(found.double() / scale, want / scale, rtol=CLOSE[dtype], atol=8 * CLOSE[dtype])


def test_long_sequences_have_pieces_of_several_tiles_that_cover_every_token_once() -> None:
    from impls.attention.poly_sa.gpu.launches import PROGRAMS, plan

    for batch, tokens, width in ((1, 1, 1), (1, 65_537, 64), (7, 100_003, 131), (2, 32, 33)):
        for dtype in CLOSE:
            made = plan(batch, tokens, width, dtype)
            assert made.pieces * made.tiles * made.rows >= tokens > (made.pieces - 1) * made.tiles * made.rows
            assert made.groups * made.columns >= width
            assert batch * made.programs <= 2 * max(PROGRAMS, batch * made.groups)


def test_a_piece_of_several_tiles_has_the_same_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    from impls.attention.poly_sa.gpu import launches

    given = tensors(1, 101, 17, torch.float32)
    apart = launches.poly_sa(*given)
    monkeypatch.setattr(launches, "PROGRAMS", 1)
    assert launches.plan(1, 101, 17, torch.float32).tiles == 4
    assert torch.allclose(launches.poly_sa(*given), apart, rtol=1e-4, atol=1e-5)


def test_compiled_for_a_gpu_it_is_right_on_the_ptx_machine() -> None:
    """By fused multiply-adds in float32, by `mma.sync` in half precision and float64; no race, nothing unwritten."""
    sources = Path(impls.attention.poly_sa.__file__).parent
    machine = Path(opbench.ptx.instructions.__file__).with_name("products.py").read_text(encoding="utf-8")
    told = remembered(["poly_sa", release("triton"), machine], sources, checked)
    assert re.search(r"8 points simulated: triton_jit 8 passed", told)


def checked() -> str:
    words = ("--batch", "2", "--tokens", "1,37", "--width", "19", "--heads", "1")
    return checked_on_ptx("poly_sa", "triton_jit", *words, "--dtype", "float32,float16,bfloat16,float64")
