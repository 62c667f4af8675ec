"""Intersection over union: every backend against the definition, and boxes that nobody would draw."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from impls.boxes import functional
from impls.boxes.box_iou.operator import inputs, overlaps
from impls.libraries import library
from opbench import Point, catalog
from opbench.counting.count import count, counts_of, disagreements
from opbench.testing import assert_correct

from ...drawing import given
from ...drawing import strategies as st
from ..cpp_ways import vectors_of
from .subjects import crowded, odd

pytestmark = pytest.mark.compiler
vectors = vectors_of(functional)

DTYPES = (torch.float32, torch.float64)


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


@pytest.mark.usefixtures("vectors")
def test_the_kernel_is_right_at_every_check_point() -> None:
    assert_correct("box_iou", ["cpp_ext"], ("float32", "float64"))


def test_eager_is_right_at_every_check_point() -> None:
    assert_correct("box_iou", ["torch_eager"], ("float32", "float64"))


def test_torch_compile_is_right() -> None:
    assert_correct("box_iou", ["torch_compile"], axes={"boxes": (7,), "others": (67,)})


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_odd_boxes_have_what_the_definition_says(dtype: torch.dtype) -> None:
    boxes = odd(dtype)
    found = functional.box_iou(boxes, boxes)
    torch.testing.assert_close(found, overlaps(boxes, boxes), equal_nan=True, rtol=1e-6, atol=0)
    assert found[:5].nan_to_num(0).eq(0).all()
    assert found[5:9].isnan().all()
    assert found[9, 10] == 1


def test_where_boxes_have_areas_it_is_torchvisions() -> None:
    boxes = crowded(131)
    boxes = boxes[((boxes[:, 2:] > boxes[:, :2]).all(1) & (boxes.abs() < 100).all(1)).nonzero().squeeze(1)]
    want = library("torchvision.ops").box_iou(boxes, boxes[:17])
    torch.testing.assert_close(functional.box_iou(boxes, boxes[:17]), want, rtol=1e-6, atol=0)


@given(st.integers(0, 9), st.integers(0, 150), st.integers(0, 99), st.sampled_from(DTYPES))
def test_results_around_the_caches_are_the_same(rows: int, columns: int, seed: int, dtype: torch.dtype) -> None:
    boxes, others = crowded(rows, seed, dtype), crowded(columns, seed + 1, dtype)
    around = functional._operators()[0](boxes, others, 0)
    through = functional._operators()[0](boxes, others, 1 << 40)
    assert torch.equal(around.nan_to_num(-1), through.nan_to_num(-1))
    torch.testing.assert_close(through, overlaps(boxes, others), equal_nan=True, rtol=1e-6, atol=0)


def test_threads_change_no_bit() -> None:
    boxes, others = crowded(67), crowded(2503, 1)
    alone = functional.box_iou(boxes, others), functional.box_iou(others, boxes)
    torch.set_num_threads(3)
    for found, want in zip((functional.box_iou(boxes, others), functional.box_iou(others, boxes)), alone, strict=True):
        assert torch.equal(found.nan_to_num(-1), want.nan_to_num(-1))


def test_both_counters_count_what_work_says() -> None:
    described = catalog.operator("box_iou")
    point = Point("box_iou", described.complete({"boxes": 7, "others": 13}), device="meta")
    counts = count(described.eager(point), inputs(point))
    assert not any(isinstance(found, str) for found in counts.values()), counts
    assert disagreements(counts, described.work(point)) == []
    assert counts_of(described.work(point)) == {"macs": 0, "products": 7 * 13 + 20, "elementwise": 5 * 7 * 13 + 40}


def test_what_cannot_be_is_refused() -> None:
    boxes: Tensor = crowded(3)
    with pytest.raises(ValueError, match=r"others has shape \[4\]; expected \(n, 4\), rows x1 y1 x2 y2"):
        functional.box_iou(boxes, boxes[0])
    with pytest.raises(TypeError, match="others is Double; expected Float"):
        functional.box_iou(boxes, boxes.double())
    assert math.isnan(functional.box_iou(odd()[5:6], boxes)[0, 0])
