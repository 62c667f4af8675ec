from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from impls.expansion.ach.operator import OPERATOR, select
from impls.expansion.ach.scene import TAPS, before_eca, orthogonal
from impls.expansion.layers import dysoft, normalised
from impls.expansion.references import channel_scores, exact, mix, normalise, soft_sign, strongest
from opbench import Point

SWEPT = [
    *({"batch": 3, "channels": channels, "expansion": 4, "edge": 7} for channels in (16, 64, 256)),
    *({"batch": 3, "channels": 64, "expansion": expansion, "edge": 2} for expansion in (12, 24, 32)),
    {"batch": 6, "channels": 64, "expansion": 24, "edge": 1},
]


def point(axes: Any, dtype: str = "float32") -> Point:
    return Point("ach", OPERATOR.complete(axes), dtype)


def eager_selection(at: Point, halved: bool = False) -> Tensor:
    x, weight, bias, *rest = OPERATOR.inputs(at).values()
    x = x * 0.5 if halved else x
    mixed = normalised(torch.nn.functional.conv2d(x, weight, bias), *rest[:4])
    return select(mixed, rest[4], OPERATOR.sizes(at.axes)["selected"])


def exact_scores(at: Point) -> Tensor:
    x, weight, bias, *rest = exact(OPERATOR.inputs(at)).values()
    return channel_scores(normalise(mix(x, weight) + bias[:, None, None], *rest[:4]), rest[4])


@pytest.mark.parametrize("axes", [*OPERATOR.check_points, *SWEPT], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_selection_does_not_depend_on_the_dtype(axes: Any, dtype: str) -> None:
    at = point(axes, "float64")
    expected = strongest(exact_scores(at), OPERATOR.sizes(at.axes)["selected"])
    assert torch.equal(eager_selection(point(axes, dtype)), expected)
    assert torch.equal(eager_selection(point(axes, dtype), halved=True), expected)


@pytest.mark.parametrize("axes", SWEPT, ids=str)
def test_neighbouring_scores_are_far_apart(axes: Any) -> None:
    at = point(axes, "float64")
    k = OPERATOR.sizes(at.axes)["selected"]
    ordered = exact_scores(at).sort(dim=1, descending=True).values[:, : k + 1]
    assert ((ordered[:, :-1] - ordered[:, 1:]) / ordered[:, :-1]).min() > 0.04


def test_samples_of_one_batch_select_differently() -> None:
    index = eager_selection(point({"batch": 4, "channels": 64, "expansion": 4, "edge": 7}))
    assert len({tuple(sorted(row.tolist())) for row in index}) == 4


def test_without_the_neighbours_of_eca_the_selection_would_differ() -> None:
    at = point({"batch": 1, "channels": 64, "expansion": 4, "edge": 7}, "float64")
    x, weight, bias, *rest = OPERATOR.inputs(at).values()
    mixed = normalised(torch.nn.functional.conv2d(x, weight, bias), *rest[:4])
    assert not torch.equal(select(mixed, torch.tensor(TAPS).flip(0).double().view(1, 1, -1), 21), eager_selection(at))


def test_eca_is_inverted() -> None:
    expected = torch.linspace(-2, 3, 34).reshape(2, 17)
    actual = torch.nn.functional.conv1d(before_eca(expected)[:, None], torch.tensor(TAPS).view(1, 1, -1), padding=2)
    torch.testing.assert_close(actual[:, 0], expected)


@pytest.mark.parametrize("m", [1, 2, 31, 64])
def test_the_mixing_matrix_is_orthogonal(m: int) -> None:
    matrix = orthogonal(m, torch.Generator().manual_seed(m))
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(m))


def test_dysoft_is_its_formula() -> None:
    x = torch.tensor([-3.0, 0.0, 1.0, 8.0]).reshape(1, 4, 1, 1)
    scale, shift = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([0.0, 1.0, 0.0, -1.0])
    expected = torch.tensor([-0.6, 1.0, 1.0, 2.2]).reshape(1, 4, 1, 1)
    torch.testing.assert_close(dysoft(x, torch.tensor(0.5), scale, shift), expected)
    torch.testing.assert_close(soft_sign(x, torch.tensor(0.5), scale, shift), expected)
