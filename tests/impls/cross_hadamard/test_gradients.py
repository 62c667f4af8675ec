"""Gradients of every backend: first ones by its own kernels, second ones by the formula; deterministic."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import cache, lru_cache

import pytest
import torch
from torch import Tensor

from impls.cross_hadamard.functional import ach_expand, cross_hadamard
from impls.cross_hadamard.norms import NORMS

from ...rows import rows
from .conftest import stopping_at_graphs
from .definitions import DTYPES, expansion, index_of, pairs, random
from .subjects import Subject, native, quick, subjects, told_apart, uncompiled

pytestmark = pytest.mark.usefixtures("simulated")

SHAPES = [(2, 5, 0, (3, 3)), (1, 3, 0, (1, 7)), (2, 4, 6, (2, 4)), (3, 2, 0, (1, 1)), (1, 7, 3, (5, 3))]
"""(B, C, k, spatial); k of 0 takes all channels, k above C repeats some."""

WIDE = [(3, 17, 0, (7, 7)), (2, 33, 11, (13, 29)), (1, 65, 0, (3, 5))]

BOUND = {torch.float32: 2**-18, torch.float64: 2**-47, torch.float16: 2**-7, torch.bfloat16: 2**-4}
"""64 half units where sums are kept in the dtype itself (the longest adds up 377 pixels), 16 where in float32."""


def assert_near(got: Tensor, want: Tensor, dtype: torch.dtype) -> None:
    """Within the bound of each value and of their root mean square: terms of a sum may cancel."""
    scale = float(want.square().mean().sqrt()) if want.numel() else 0.0
    unit = BOUND[dtype]
    torch.testing.assert_close(got.double().cpu(), want, rtol=unit, atol=unit * max(scale, 1e-30))


def shapes_for(subject: Subject) -> list[tuple[int, int, int, tuple[int, int]]]:
    if subject.stem == "torch_compile":
        return SHAPES[2:3]  # seconds of compiling each
    return SHAPES if subject.simulated else [*SHAPES, *WIDE]


@rows("dtype", DTYPES)
@pytest.mark.parametrize("subject", subjects(schedules=False))
def test_the_gradient_of_the_pairs_equals_the_definition(subject: Subject, dtype: torch.dtype) -> None:
    # Code that is generated differs by dtype in its conversions, and those of both half precisions are alike; 5 s each.
    graphs = subject.stem == "torch_compile" and dtype not in {torch.float32, torch.bfloat16}
    with stopping_at_graphs() if graphs else nullcontext():
        assert_gradients_of_pairs(subject, dtype)


@cache
def of_the_pairs(
    shape: tuple[int, int, int, tuple[int, int]], dtype: torch.dtype
) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
    """x, index, the gradient that comes back, and the definition's: once for all backends: a few MB."""
    batch, channels, k, spatial = shape
    x = random(batch, channels, *spatial, dtype=dtype)
    index = index_of(batch, k, channels) if k else None
    n = k or channels
    grad = random(batch, n * (n - 1) // 2, *spatial, dtype=dtype, seed=2)
    exact = x.double().requires_grad_()
    (want,) = torch.autograd.grad(pairs(exact, index), exact, grad.double())
    return x, index, grad, want


def assert_gradients_of_pairs(subject: Subject, dtype: torch.dtype) -> None:
    for shape in shapes_for(subject):
        x, index, grad, want = of_the_pairs(shape, dtype)
        placed = x.to(subject.device).detach().requires_grad_()
        y = cross_hadamard(placed, None if index is None else index.to(subject.device), backend=subject.name)
        (got,) = torch.autograd.grad(y, placed, grad.to(subject.device))
        assert got.dtype == dtype
        assert_near(got, want, dtype)


def of_the_expansion(shape: tuple[int, int, int, tuple[int, int]], dtype: torch.dtype) -> list[Tensor]:
    """x, alpha, weight, bias, and the gradient that comes back."""
    batch, channels, k, spatial = shape
    count = k * (k - 1) // 2
    return [
        random(batch, channels, *spatial, dtype=dtype),
        torch.tensor([0.7], dtype=dtype),
        *(random(count, dtype=dtype, seed=seed) for seed in (3, 4)),
        random(batch, channels + count, *spatial, dtype=dtype, seed=2),
    ]


Defined = Callable[[tuple[int, int, int, tuple[int, int]], torch.dtype, str], tuple[Tensor, ...]]


@pytest.fixture(scope="module")
def defined() -> Defined:
    """The definition's gradients of `of_the_expansion`, once for all backends."""

    def gradients(shape: tuple[int, int, int, tuple[int, int]], dtype: torch.dtype, norm: str) -> tuple[Tensor, ...]:
        batch, channels, k, _ = shape
        *given, grad = of_the_expansion(shape, dtype)
        exact = [one.double().requires_grad_() for one in given]
        return torch.autograd.grad(expansion(index_of(batch, k, channels), *exact, norm=norm), exact, grad.double())

    return lru_cache(maxsize=None)(gradients)


@rows("norm", NORMS)
@rows("dtype", DTYPES)
@pytest.mark.parametrize("subject", subjects(schedules=False, where=uncompiled))
def test_all_four_gradients_of_the_expansion_equal_the_definition(
    subject: Subject, dtype: torch.dtype, norm: str, defined: Defined
) -> None:
    if subject.simulated and not told_apart(norm, dtype):
        return
    selecting = [shape for shape in shapes_for(subject) if shape[2]]
    # A norm is a function of one value: a simulator is asked for it at the smallest shape, and at all for one norm.
    for shape in selecting[-1:] if subject.simulated and norm != "softsign" else selecting:
        batch, channels, k, _ = shape
        *given, grad = of_the_expansion(shape, dtype)
        index = index_of(batch, k, channels)
        placed = [one.to(subject.device).requires_grad_() for one in given]
        y = ach_expand(placed[0], index.to(subject.device), *placed[1:], norm=norm, backend=subject.name)
        actual = torch.autograd.grad(y, placed, grad.to(subject.device))
        for got, want, one in zip(actual, defined(shape, dtype, norm), given, strict=True):
            assert got.dtype == one.dtype
            assert_near(got, want, dtype)


@pytest.mark.usefixtures("graphs_only")
@pytest.mark.parametrize("subject", subjects(schedules=False, where=native))
def test_first_and_second_gradients_agree_with_finite_differences(subject: Subject) -> None:
    x = random(2, 4, 3, dtype=torch.float64).to(subject.device).requires_grad_()
    index = torch.tensor([[0, 3, 3], [1, 0, 2]], device=subject.device)

    def plain(one: Tensor) -> Tensor:
        return cross_hadamard(one, backend=subject.name)

    def selected(one: Tensor) -> Tensor:
        return cross_hadamard(one, index, backend=subject.name)

    for function in (plain, selected):
        assert torch.autograd.gradcheck(function, (x,))
        assert torch.autograd.gradgradcheck(function, (x,))


@rows("norm", NORMS)
@pytest.mark.parametrize("subject", subjects(schedules=False, where=quick))
def test_gradients_of_the_expansion_agree_with_finite_differences(subject: Subject, norm: str) -> None:
    index = torch.tensor([[0, 3, 3], [1, 0, 2]], device=subject.device)
    shapes = ((2, 4, 3), (1,), (3,), (3,))
    given = [random(*one, dtype=torch.float64, seed=at).to(subject.device) for at, one in enumerate(shapes)]
    tensors = [one.requires_grad_() for one in given]

    def function(x: Tensor, *parameters: Tensor) -> Tensor:
        return ach_expand(x, index, *parameters, norm=norm, backend=subject.name)

    assert torch.autograd.gradcheck(function, tensors)
    assert torch.autograd.gradgradcheck(function, tensors)


@pytest.mark.parametrize("subject", subjects(schedules=False, where=quick))
def test_third_gradients_of_the_expansion_are_those_of_the_definition(subject: Subject) -> None:
    index = index_of(2, 3, 4).to(subject.device)

    def third(function: Callable[..., Tensor]) -> Tensor:
        x = random(2, 4, 3, dtype=torch.float64).to(subject.device).requires_grad_()
        rest = [random(count, dtype=torch.float64, seed=count).to(subject.device) for count in (1, 3, 3)]
        actual = function(x, *rest)
        for _ in range(3):
            (actual,) = torch.autograd.grad(actual.square().sum(), x, create_graph=True)
        return actual.detach()

    got = third(lambda x, *rest: ach_expand(x, index, *rest, backend=subject.name))
    want = third(lambda x, *rest: expansion(index.cpu(), x.cpu(), *(one.cpu() for one in rest), norm="softsign"))
    torch.testing.assert_close(got.cpu(), want.cpu())


@pytest.mark.parametrize("subject", subjects(schedules=False, where=native))
def test_a_torch_func_gradient_is_refused_in_plain_words(subject: Subject) -> None:
    x = random(2, 4, 3).to(subject.device)
    with pytest.raises(NotImplementedError, match=r"no torch\.func gradients.*use torch\.autograd\.grad"):
        torch.func.grad(lambda one: cross_hadamard(one, backend=subject.name).sum())(x)


@pytest.mark.parametrize("subject", subjects(schedules=False, where=native))
def test_gradients_are_the_same_every_time(subject: Subject) -> None:
    x = random(3, 9, 13, 29).to(subject.device)
    index = index_of(3, 7, 9).to(subject.device)
    grad = random(3, 21, 13, 29, seed=2).to(subject.device)

    def once() -> Tensor:
        leaf = x.clone().requires_grad_()
        return torch.autograd.grad(cross_hadamard(leaf, index, backend=subject.name), leaf, grad)[0]

    first = once()
    for _ in range(3):
        assert torch.equal(once(), first)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")  # what forward mode itself still uses
@pytest.mark.parametrize("subject", subjects(schedules=False, where=native))
def test_a_forward_mode_gradient_is_refused_rather_than_zero(subject: Subject) -> None:
    x = random(2, 4, 3).to(subject.device)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x, x)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        with pytest.raises((RuntimeError, NotImplementedError), match=r"(?i)forward|jvp"):
            cross_hadamard(dual, backend=subject.name)


def test_without_a_gradient_to_track_the_output_needs_none() -> None:
    x = random(2, 4, 3).requires_grad_()
    with torch.no_grad():
        assert not cross_hadamard(x, backend="torch_select").requires_grad
