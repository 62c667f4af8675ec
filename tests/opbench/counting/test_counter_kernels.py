"""What a meta kernel says is kept for the same shapes, and for nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from opbench.counting import meta_kernels

aten = torch.ops.aten


class Counted:
    """An operator that counts its calls."""

    def __init__(self, func: Any) -> None:
        self.func, self.calls, self._schema = func, 0, func._schema

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        return self.func(*args, **kwargs)


def meta(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


def calls(func: Any, *given: tuple[Any, ...]) -> int:
    """How often it is called for these arguments, one after another; each result is as without the memory."""
    counted = Counted(func)
    for args in given:
        found, want = meta_kernels.call(counted, args, {}), func(*args)
        for one, other in zip(*((pair if isinstance(pair, tuple) else (pair,)) for pair in (found, want)), strict=True):
            assert (one.shape, one.stride(), one.dtype, one.device) == (
                other.shape,
                other.stride(),
                other.dtype,
                other.device,
            )
    return counted.calls


def test_the_same_shapes_are_asked_once_and_results_are_tensors_of_their_own() -> None:
    assert calls(aten.mul.Tensor, (meta(3, 5), meta(5)), (meta(3, 5), meta(5))) == 1
    assert calls(aten.topk.default, (meta(3, 5), 2), (meta(3, 5), 2)) == 1
    first, second = (meta_kernels.call(aten.neg.default, (meta(3),), {}) for _ in range(2))
    assert first is not second


@pytest.mark.parametrize(
    ("func", "one", "other"),
    [
        (aten.neg.default, (meta(3, 5),), (meta(5, 3),)),
        (aten.neg.default, (meta(3, 5),), (meta(5, 3).t(),)),
        (aten.neg.default, (meta(3),), (meta(3, dtype=torch.float64),)),
        (aten.mul.Scalar, (meta(3, dtype=torch.int64), 1), (meta(3, dtype=torch.int64), 1.0)),
        (aten.topk.default, (meta(3, 5), 2), (meta(3, 5), 3)),
        (aten.cat.default, ([meta(3), meta(5)],), ([meta(5), meta(5)],)),
    ],
    ids=["shape", "stride", "dtype", "type", "number", "list"],
)
def test_what_differs_is_asked_again(func: Any, one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    assert calls(func, one, other) == 2


def test_views_writes_and_values_are_asked_every_time() -> None:
    assert calls(aten.view.default, (meta(6), [2, 3]), (meta(6), [2, 3])) == 2
    assert calls(aten.add_.Tensor, (meta(3), meta(3)), (meta(3), meta(3))) == 2
    assert calls(aten.neg.default, (torch.ones(3),), (torch.ones(3),)) == 2
    viewed = meta(6)
    assert meta_kernels.call(aten.view.default, (viewed, [2, 3]), {})._base is viewed


def test_no_more_is_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meta_kernels, "_KEPT", {})
    monkeypatch.setattr(meta_kernels, "LIMIT", 3)
    for edge in range(1, 8):
        meta_kernels.call(aten.neg.default, (meta(edge),), {})
        assert 1 <= len(meta_kernels._KEPT) <= 3
