"""What the public function refuses, in one line that says what came and what was expected."""

from __future__ import annotations

import pytest
import torch

from impls.hadamard_transform.functional import hadamard_transform
from opbench.errors import UsageError

X = torch.ones(3, 16)


@pytest.mark.parametrize(
    ("signs", "error", "told"),
    [
        (torch.ones(15), ValueError, r"signs has shape \(15,\); expected \(16,\)"),
        (torch.ones(1, 16), ValueError, r"signs has shape \(1, 16\); expected \(16,\)"),
        (torch.ones(16, dtype=torch.float64), TypeError, r"signs is torch.float64; expected torch.float32 as x"),
        (torch.ones(16, device="meta"), ValueError, r"signs is on meta and x on cpu"),
    ],
)
def test_signs_have_to_fit_x(signs: torch.Tensor, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        hadamard_transform(X, signs)


def test_x_is_floating_and_has_an_axis() -> None:
    with pytest.raises(TypeError, match=r"x is torch.int32; expected float32, float16, bfloat16 or float64"):
        hadamard_transform(torch.ones(4, dtype=torch.int32))
    with pytest.raises(ValueError, match="x has no axis to transform"):
        hadamard_transform(torch.tensor(1.0))


def test_out_has_to_be_like_x_and_takes_no_gradient() -> None:
    with pytest.raises(ValueError, match=r"out has shape \(3, 8\); expected \(3, 16\) as x"):
        hadamard_transform(X, out=torch.ones(3, 8))
    with pytest.raises(TypeError, match=r"out is torch\.float64"):
        hadamard_transform(X, out=torch.ones(3, 16, dtype=torch.float64))
    with pytest.raises(RuntimeError, match="out= is not differentiable"):
        hadamard_transform(X.clone().requires_grad_(), out=torch.empty(3, 16), backend="torch_factors")


def test_names_and_sizes_that_do_not_exist_are_told_with_those_that_do() -> None:
    with pytest.raises(UsageError, match=r"no backend 'cpp'.*there are: auto, cpp_ext"):
        hadamard_transform(X, backend="cpp")
    with pytest.raises(UsageError, match="size 36 has no Hadamard transform here"):
        hadamard_transform(torch.ones(2, 36))
    with pytest.raises(UsageError, match="no multiple of block 8"):
        hadamard_transform(torch.ones(2, 20), block=8)
    with pytest.raises(UsageError, match="takes blocks up to 8192, not 16384"):
        hadamard_transform(torch.ones(1, 1 << 14), backend="torch_matmul")
