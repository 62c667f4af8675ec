"""Axis values of any kind become values that a record holds, and become what they were where inputs are made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch.nn import functional

from opbench.custom.custom_axes import arguments_of, custom_axes
from opbench.errors import UsageError


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        ([3, 5], (3, 5)),
        (range(2), (0, 1)),
        ([1, 2.5], (1.0, 2.5)),
        ([True, False], (True, False)),
        (["gelu", "silu"], ("gelu", "silu")),
        ("gelu", ("gelu",)),
        (7, (7,)),
        ([torch.float32, torch.bfloat16], ("float32", "bfloat16")),
        ([functional.gelu, torch.relu], ("gelu", "relu")),
        ([(3, 5), None], ("3_5", "None")),
        ([1, "a/b"], ("1", "a_b")),
    ],
)
def test_values_are_recorded_and_given_back_as_they_were(given: Any, recorded: tuple[Any, ...]) -> None:
    (axis,) = custom_axes({"x": given})
    assert axis.values == recorded
    assert [type(value) for value in axis.values] == [type(value) for value in recorded]
    objects = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    assert [arguments_of({"x": value}, [axis])["x"] for value in axis.values] == objects


@pytest.mark.parametrize(
    ("axes", "says"),
    [
        ({"rows": []}, "axis 'rows' has no values"),
        ({"rows": [3, 3]}, "has 3 twice"),
        ({"rows": ["a b", "a_b"]}, "has 'a_b' twice"),
        ({"for": [3]}, "an axis is named 'for'"),
        ({"device": ["cpu"]}, "an axis is named 'device'"),
        ({"two words": [3]}, "an axis is named 'two words'"),
        ({3: [3]}, "an axis is named 3"),
    ],
)
def test_what_is_no_axis_is_refused(axes: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        custom_axes(axes)
