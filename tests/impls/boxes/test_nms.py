"""Non-maximum suppression: every backend keeps the same boxes, to the last one, whatever boxes and scores are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from impls.boxes import functional
from impls.boxes.box_iou.operator import overlaps
from impls.boxes.nms import greedy, torch_compile, torchvision_nms
from impls.boxes.nms.matrix import MOST_BOXES, check_boxes
from impls.boxes.nms.operator import inputs, least_pairs, reference
from impls.boxes.nms.reference import survivors
from impls.boxes.order import by_score
from impls.boxes.threshold import rounded_down
from impls.libraries import library
from opbench import Axes, Point, catalog
from opbench.counting.count import count
from opbench.errors import MachineError, UsageError
from opbench.testing import assert_correct

from ...drawing import given
from ...drawing import strategies as st
from ..cpp_ways import vectors_of
from .subjects import crowded, drawn_classes, odd, one_by_one, tied

pytestmark = pytest.mark.compiler
vectors = vectors_of(functional)

Suppress = Callable[[Tensor, Tensor, Tensor, float], Tensor]


def by_rows(boxes: Tensor, scores: Tensor, classes: Tensor, threshold: float) -> Tensor:
    return greedy.block_by_block(boxes, classes, by_score(scores), threshold)


def by_matrix(boxes: Tensor, scores: Tensor, classes: Tensor, threshold: float) -> Tensor:
    order = by_score(scores)
    leaves = greedy.allowed(boxes[order], classes[order], rounded_down(threshold, boxes.dtype))
    return order[greedy.swept(leaves)]


def by_torchvision(boxes: Tensor, scores: Tensor, classes: Tensor, threshold: float) -> Tensor:
    kernel = torchvisions_kernel()
    found = torchvision_nms.by_class(kernel, threshold, scores, boxes, classes)
    return found[found >= 0]


def torchvisions_kernel() -> Any:
    if reason := torchvision_nms.unavailable("cpu"):
        pytest.skip(reason)
    return library("torchvision.ops").nms


def by_vectors(boxes: Tensor, scores: Tensor, classes: Tensor, threshold: float) -> Tensor:
    return functional.nms(boxes, scores, threshold, classes)


WAYS: dict[str, Suppress] = {
    "rows": by_rows,
    "matrix": by_matrix,
    "torchvision": by_torchvision,
    "vectors": by_vectors,
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


def expected(boxes: Tensor, scores: Tensor, classes: Tensor, threshold: float) -> list[int]:
    kept: list[int] = survivors(boxes.numpy(), scores.numpy(), classes.numpy(), threshold).tolist()
    return kept


@pytest.mark.usefixtures("vectors")
def test_the_kernels_are_right_at_every_check_point() -> None:
    assert_correct("nms", ["cpp_ext"], ("float32", "float64"))


@pytest.mark.parametrize("backend", ["torch_eager", "torch_matrix", "torchvision_nms"])
def test_it_is_right_at_every_check_point(backend: str) -> None:
    if backend == "torchvision_nms":
        torchvisions_kernel()
    assert_correct("nms", [backend], ("float32", "float64"))


def test_torch_compile_rounds_as_all_do() -> None:
    """At a threshold that is the overlap of two of the boxes."""
    boxes, scores, classes = crowded(131, 9), tied(131, 9), drawn_classes(131, 2)
    shared = overlaps(boxes, boxes)
    threshold = float(shared[(shared > 0.2) & (shared < 1)].median())
    given = {"scores": scores, "boxes": boxes, "classes": classes}
    point = Point("nms", catalog.operator("nms").complete({"boxes": 131, "classes": 2, "threshold": threshold}))
    found = torch_compile.prepare(point, given, None, "")()
    assert found[found >= 0].tolist() == expected(boxes, scores, classes, threshold)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("count", [0, 1, 18, 131])
def test_the_reference_keeps_what_the_plainest_loop_keeps(count: int, threshold: float, dtype: torch.dtype) -> None:
    boxes, scores, classes = crowded(count, dtype=dtype), tied(count, dtype=dtype), drawn_classes(count, 3)
    assert expected(boxes, scores, classes, threshold) == one_by_one(boxes, scores, classes, threshold)


@each_way
@given(
    st.integers(0, 300), st.integers(0, 10**6), st.integers(1, 7), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.6, 1.0]),
    st.sampled_from([torch.float32, torch.float64]),
)  # fmt: skip
def test_every_way_keeps_the_same_of_any_boxes(
    way: Suppress, count: int, seed: int, classes: int, threshold: float, dtype: torch.dtype
) -> None:
    boxes, scores, groups = crowded(count, seed, dtype), tied(count, seed, dtype), drawn_classes(count, classes, seed)
    assert way(boxes, scores, groups, threshold).tolist() == expected(boxes, scores, groups, threshold)


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("classes", [1, 5])
def test_each_set_of_vector_instructions_keeps_the_same_over_many_blocks(dtype: torch.dtype, classes: int) -> None:
    boxes, scores, groups = crowded(1031, 3, dtype), tied(1031, 3, dtype), drawn_classes(1031, classes)
    for threshold in (0.0, 0.45, 1.0):
        assert by_vectors(boxes, scores, groups, threshold).tolist() == expected(boxes, scores, groups, threshold)


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_an_overlap_is_rounded_at_every_step_and_compared_as_a_real_number(dtype: torch.dtype) -> None:
    """A pair at its own overlap is kept, at the number below it is not: one rounding more or less would show."""
    boxes = crowded(601, 5, dtype)
    boxes = boxes[((boxes[:, 2:] > boxes[:, :2]).all(1) & boxes.isfinite().all(1)).nonzero().squeeze(1)]
    scores, classes, seen, fused = torch.tensor([1.0, 0.5], dtype=dtype), torch.zeros(2, dtype=torch.int64), 0, 0
    ways = [way for way in WAYS.values() if way is not by_torchvision or torchvision_nms.unavailable("cpu") is None]
    for one, other in itertools.pairwise(boxes):
        pair = torch.stack((one, other))
        (x1, y1), (x2, y2) = torch.maximum(one[:2], other[:2]).numpy(), torch.minimum(one[2:], other[2:]).numpy()
        if x2 <= x1 or y2 <= y1:
            continue
        areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in pair.numpy()]
        both = (x2 - x1) * (y2 - y1)
        overlap = both / (areas[0] + areas[1] - both)
        if overlap > 1:
            continue
        exact = Fraction(float(x2 - x1)) * Fraction(float(y2 - y1))
        fused += overlap != both / overlap.dtype.type(float(Fraction(float(areas[0] + areas[1])) - exact))
        below = float(np.nextafter(overlap, overlap.dtype.type(0)))
        for way in ways:
            assert way(pair, scores, classes, float(overlap)).tolist() == [0, 1]
            assert way(pair, scores, classes, below).tolist() == [0]
        seen += 1
    assert seen > 100
    assert fused > 3, "no pair would be decided otherwise by a fused multiply-add"


@each_way
def test_a_threshold_between_two_numbers_of_float32_is_not_rounded_up(way: Suppress) -> None:
    """3 of 5 is 0.60000002 in float32, which is above 0.6; PyTorch alone would compare it with 0.60000002."""
    boxes = torch.tensor([[0.0, 0, 4, 1], [1, 0, 5, 1]])
    scores, classes = torch.tensor([0.5, 1.0]), torch.zeros(2, dtype=torch.int64)
    assert way(boxes, scores, classes, 0.6).tolist() == [1]
    assert way(boxes, scores, classes, 0.60000003).tolist() == [1, 0]


@each_way
def test_equal_scores_go_by_index_and_nan_goes_first(way: Suppress) -> None:
    boxes = torch.tensor([[0.0, 0, 9, 9]] * 4 + [[20.0, 20, 29, 29]] * 3)
    scores = torch.tensor([0.5, 0.75, 0.75, 0.25, 0.75, math.nan, math.nan])
    assert way(boxes, scores, torch.zeros(7, dtype=torch.int64), 0.5).tolist() == [5, 1]


@each_way
def test_a_box_without_area_or_with_nan_is_kept_and_suppresses_none(way: Suppress) -> None:
    boxes = torch.cat((odd()[:9], odd()[9:11]))
    scores = torch.linspace(1, 0.1, 11)
    assert way(boxes, scores, torch.zeros(11, dtype=torch.int64), 0.0).tolist() == list(range(10))


@each_way
def test_what_is_suppressed_suppresses_none(way: Suppress) -> None:
    chain = torch.tensor([[float(left), 0, left + 10, 10] for left in range(0, 60, 3)])
    scores = torch.linspace(1, 0.1, len(chain))
    assert way(chain, scores, torch.zeros(len(chain), dtype=torch.int64), 0.5).tolist() == list(range(0, len(chain), 2))


def test_threads_change_nothing() -> None:
    """Where a team thins out a class, where it does so beside small ones, and where each thread has its own classes."""
    count = 15_001
    boxes, scores = crowded(count, 7), tied(count, 7)
    one = torch.zeros(count, dtype=torch.int64)
    beside = torch.where(torch.arange(count) % 1000 == 3, drawn_classes(count, 7), 12)
    for groups in (one, beside, drawn_classes(count, 7)):
        alone = by_vectors(boxes, scores, groups, 0.4)
        torch.set_num_threads(3)
        assert torch.equal(by_vectors(boxes, scores, groups, 0.4), alone)
        torch.set_num_threads(1)
        assert alone.tolist() == expected(boxes, scores, groups, 0.4)


def test_boxes_may_lie_anywhere_and_no_classes_are_one() -> None:
    boxes, scores = crowded(67), tied(67)
    wide = torch.cat((boxes, boxes), 1)
    want = functional.nms(boxes, scores, 0.5, torch.ones(67, dtype=torch.int64))
    assert torch.equal(functional.nms(wide[:, 4:], scores, 0.5), want)
    assert torch.equal(functional.nms_padded(boxes, scores, 0.5), greedy.padded(want, 67))


def test_torchvision_moves_classes_apart_on_few_boxes_and_keeps_others_then() -> None:
    """Why `torchvision_nms` calls once a class: so far from 0, corners have a few bits less."""
    boxes, scores = torch.tensor([[6.5, 1.8, 46.9, 63.5], [3.5, 9.5, 90.3, 55.4]]), torch.tensor([1.0, 0.5])
    classes = torch.tensor([7, 7])
    torchvisions_kernel()
    overlap = float(overlaps(boxes[:1], boxes[1:]))
    assert by_torchvision(boxes, scores, classes, overlap).tolist() == [0, 1]
    assert library("torchvision.ops").batched_nms(boxes, scores, classes, overlap).tolist() == [0]


@pytest.mark.parametrize("threshold", [-0.1, 1.1, math.nan, math.inf])
def test_a_threshold_that_is_no_share_is_refused(threshold: float) -> None:
    with pytest.raises(UsageError, match=r"threshold is .*; expected a share of the union, from 0 to 1"):
        functional.nms(crowded(3), tied(3), threshold)
    with pytest.raises(UsageError, match="expected a share of the union"):
        catalog.operator("nms").sizes(Axes({"threshold": threshold}))


def test_what_cannot_be_is_refused() -> None:
    boxes, scores = crowded(3), tied(3)
    with pytest.raises(ValueError, match=r"scores have shape \[2\]; expected \[3\], one for each box"):
        functional.nms(boxes, scores[:2], 0.5)
    with pytest.raises(ValueError, match=r"boxes has shape \[3, 3\]; expected \(n, 4\)"):
        functional.nms(boxes[:, :3], scores, 0.5)
    with pytest.raises(TypeError, match="scores are Double; expected Float"):
        functional.nms(boxes, scores.double(), 0.5)
    with pytest.raises(TypeError, match="classes are Int; expected Long"):
        functional.nms(boxes, scores, 0.5, torch.zeros(3, dtype=torch.int32))
    with pytest.raises(TypeError, match="boxes is Half; expected Float or Double"):
        functional.nms(boxes.half(), scores.half(), 0.5)


def test_more_boxes_than_a_matrix_is_made_of_are_refused() -> None:
    described = catalog.operator("nms")
    with pytest.raises(MachineError, match="the matrix of all overlaps is made of at most 16384: take"):
        check_boxes(Point("nms", described.complete({"boxes": MOST_BOXES + 1})))


def test_no_counter_counts_what_goes_by_values() -> None:
    described = catalog.operator("nms")
    point = Point("nms", described.complete({}), device="meta")
    for found in count(described.eager(point), inputs(point)).values():
        assert isinstance(found, str), found


@pytest.mark.parametrize(
    ("boxes", "classes", "per_object"), [(0, 3, 4), (1, 80, 16), (521, 1, 16), (521, 7, 5), (131, 80, 16)]
)
def test_no_run_needs_fewer_pairs_than_the_least(boxes: int, classes: int, per_object: int) -> None:
    described = catalog.operator("nms")
    axes = described.complete({"boxes": boxes, "classes": classes, "per_object": per_object})
    drawn = inputs(Point("nms", axes))
    kept = reference(Point("nms", axes), drawn).long()
    kept = kept[kept >= 0]
    pairs = 0
    for one in torch.unique(drawn["classes"]):
        mine, survive = int((drawn["classes"] == one).sum()), int((drawn["classes"][kept] == one).sum())
        pairs += survive * (survive - 1) // 2 + mine - survive
    assert 0 <= least_pairs(axes) <= pairs
    assert least_pairs(Axes({"boxes": 64, "per_object": 16, "classes": 1})) == 6 + 60


def test_scores_have_ties_and_about_the_share_that_is_said_survives() -> None:
    point = Point("nms", catalog.operator("nms").complete({"boxes": 2003}))
    drawn = inputs(point)
    assert len(torch.unique(drawn["scores"])) < 1000
    share = float((reference(point, drawn) >= 0).double().mean())
    assert 0.1 < share < 0.3
