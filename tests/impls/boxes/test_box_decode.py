"""Boxes of offsets from anchors: every backend against the definition, and torchvision's decoder."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from impls.boxes import functional
from impls.boxes.box_decode.operator import decoded, inputs
from impls.libraries import library
from opbench import Point, catalog
from opbench.counting.count import count, disagreements
from opbench.errors import UsageError
from opbench.testing import assert_correct

from ...drawing import given
from ...drawing import strategies as st
from ..cpp_ways import vectors_of
from .subjects import crowded, odd

pytestmark = pytest.mark.compiler
vectors = vectors_of(functional)


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


def drawn(batch: int, anchors: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(batch, anchors, 4, generator=torch.Generator().manual_seed(batch)).mul(2).to(dtype)


@pytest.mark.usefixtures("vectors")
def test_the_kernel_is_right_at_every_check_point() -> None:
    assert_correct("box_decode", ["cpp_ext"], ("float32", "float64"))


def test_eager_is_right_at_every_check_point() -> None:
    assert_correct("box_decode", ["torch_eager"], ("float32", "float64"))


def test_torch_compile_is_right() -> None:
    assert_correct("box_decode", ["torch_compile"], axes={"batch": (3,), "anchors": (37,), "clip": (320,)})


def test_it_is_torchvisions_decoder_with_ssds_weights() -> None:
    offsets, anchors = drawn(1, 37), crowded(37).nan_to_num(3).clamp(-50, 50)
    offsets[0, ::5, 2:] = 40
    coder = library("torchvision.models.detection._utils").BoxCoder((10.0, 10.0, 5.0, 5.0))
    torch.testing.assert_close(functional.box_decode(offsets, anchors)[0], coder.decode_single(offsets[0], anchors))


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_special_values_are_what_the_definition_makes_of_them(dtype: torch.dtype) -> None:
    special = torch.tensor([math.nan, math.inf, -math.inf, 1e6, -1e6, 0.0, 20.67, 20.68, -500.0])
    offsets = torch.cartesian_prod(special, special).repeat(1, 2).to(dtype)[None]
    anchors = odd(dtype)[9:].repeat(9, 1)
    for clip in (0, 320):
        want = decoded(offsets.double(), anchors.double(), clip).to(dtype)
        found = functional.box_decode(offsets, anchors, clip)
        torch.testing.assert_close(found, want, equal_nan=True, rtol=1e-4, atol=1e-3)


@given(st.integers(0, 5), st.integers(0, 67), st.sampled_from([torch.float32, torch.float64]))
def test_results_around_the_caches_are_the_same(batch: int, anchors: int, dtype: torch.dtype) -> None:
    offsets, places = drawn(batch, anchors, dtype), crowded(anchors, 0, dtype).nan_to_num(3)
    around, through = (functional._operators()[2](offsets, places, 320, size) for size in (0, 1 << 40))
    assert torch.equal(around.nan_to_num(-1), through.nan_to_num(-1))


def test_threads_change_no_bit() -> None:
    offsets, anchors = drawn(3, 5003), crowded(5003).nan_to_num(3)
    alone = functional.box_decode(offsets, anchors, 320)
    torch.set_num_threads(3)
    assert torch.equal(functional.box_decode(offsets, anchors, 320).nan_to_num(-1), alone.nan_to_num(-1))


def test_both_counters_count_what_work_says() -> None:
    described = catalog.operator("box_decode")
    point = Point("box_decode", described.complete({"batch": 3, "anchors": 7}), device="meta")
    counts = count(described.eager(point), inputs(point))
    assert not any(isinstance(found, str) for found in counts.values()), counts
    assert disagreements(counts, described.work(point)) == []


def test_what_cannot_be_is_refused() -> None:
    offsets, anchors = drawn(2, 3), crowded(3)
    with pytest.raises(ValueError, match=r"offsets have shape \[2, 3, 4\]; expected \(batch, 2, 4\)"):
        functional.box_decode(offsets, anchors[:2])
    with pytest.raises(TypeError, match="anchors is Double; expected Float"):
        functional.box_decode(offsets, anchors.double())
    with pytest.raises(UsageError, match="clip is -1; expected the image's edge in pixels, or 0"):
        functional.box_decode(offsets, anchors, -1)
