"""A model whose products are handed to us is the same model, and its trainings repeat."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from impls.attention.mixers import Answering, SelfAttention
from impls.low_precision.layers import models
from impls.low_precision.layers.intercept import Intercepted
from impls.low_precision.layers.recording import recorded
from impls.low_precision.layers.training import Arm, Products, trained


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


class Mixed(nn.Module):
    """Products that are handed over, by each of the calls that are known, and such as are not."""

    def __init__(self) -> None:
        super().__init__()
        self.pixel, self.wide = nn.Conv2d(3, 5, 1), nn.Conv2d(5, 5, 3, padding=1)
        self.grouped, self.coarse = nn.Conv2d(5, 5, 1, groups=5), nn.Conv2d(5, 5, 1, stride=2)
        self.linear, self.bare = nn.Linear(5, 7), nn.Linear(7, 7, bias=False)
        self.square = nn.Parameter(torch.randn(7, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.coarse(self.grouped(self.wide(self.pixel(x))))
        x = self.bare(self.linear(x.flatten(2).transpose(1, 2)))
        x = (x @ x.transpose(1, 2)) @ x
        return x @ self.square


HANDED = {"pixel.weight", "linear.weight", "bare.weight", "square"}


def test_only_products_with_weights_are_handed_over_and_nothing_changes() -> None:
    torch.manual_seed(0)
    model, x = Mixed(), torch.randn(2, 3, 5, 5)
    want = model(x)
    names = []

    def multiply(name: str, tokens: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        names.append(name)
        return tokens @ w.T

    with Intercepted(model, multiply):
        torch.testing.assert_close(model(x), want)
    assert set(names) == HANDED
    assert len(names) == len(HANDED)


def _into(rows: torch.Tensor, square: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """The very weight, in a call that no gradient is tracked of."""
    with torch.no_grad():
        return torch.mm(rows, square, out=out)


def test_arguments_may_be_named() -> None:
    torch.manual_seed(2)
    model = Mixed()
    pixel, square, x = model.pixel, model.square, torch.randn(2, 3, 5, 5)
    rows, out = torch.randn(3, 7), torch.empty(3, 2)
    calls: list[Callable[[], torch.Tensor]] = [
        lambda: torch.conv2d(x, pixel.weight, bias=pixel.bias),
        lambda: torch.conv2d(input=x, weight=pixel.weight, bias=pixel.bias, stride=[1, 1], padding=(0,)),
        lambda: rows @ square,
        lambda: torch.matmul(rows, other=square),
        lambda: torch.matmul(input=rows, other=square),
        lambda: torch.mm(rows, mat2=square),
        lambda: _into(rows, square, out),
        lambda: nn.functional.linear(input=rows, weight=model.bare.weight),
    ]
    wanted = [call().clone() for call in calls]
    names: list[str] = []

    def multiply(name: str, tokens: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        names.append(name)
        return tokens @ w.T

    out.zero_()
    with Intercepted(model, multiply):
        found = [call() for call in calls]
    for one, want in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, want)
    assert found[6] is out  # and is no new tensor, which is what `multiply` makes
    assert names == ["pixel.weight"] * 2 + ["square"] * 4 + ["bare.weight"]


def test_what_is_recorded_makes_the_gradients_of_the_weights() -> None:
    torch.manual_seed(1)
    model, x = Mixed(), torch.randn(2, 3, 5, 5)
    layers = {layer.name: layer for layer in recorded(model, lambda: model(x).square().sum())}
    assert set(layers) == HANDED
    for name, weight in model.named_parameters():
        if name in HANDED:
            (_, x_in, w), (_, g, w_turned), (_, g_turned, x_turned) = layers[name].products()
            found = g_turned @ x_turned.T
            assert weight.grad is not None
            want = weight.grad.T if name == "square" else weight.grad.flatten(1)
            torch.testing.assert_close(found, want, rtol=1e-4, atol=1e-3)
            assert torch.equal(w_turned, w.T)
            assert g.shape == (len(x_in), len(w))


@pytest.mark.parametrize(("treatment", "stochastic"), [("plain", False), ("adaptive", True)])
def test_forward_and_both_gradients_are_computed_in_few_bits(treatment: str, stochastic: bool) -> None:
    products = Products(Arm("mxfp4", treatment, stochastic), seed=0)
    random = torch.Generator().manual_seed(0)
    x, w = (torch.randn(count, 37, generator=random, requires_grad=True) for count in (5, 3))
    gradient = torch.randn(5, 3, generator=random)
    out = products("", x, w)
    nearest = Products(Arm("mxfp4", treatment), seed=0)
    assert torch.equal(out, nearest.product(x.detach(), w.detach(), gradient=False))
    out.backward(gradient)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    again = Products(Arm("mxfp4", treatment, stochastic), seed=0)
    want_x = again.product(gradient, w.detach().T, gradient=True)
    want_w = again.product(gradient.T, x.detach().T, gradient=True)
    assert x.grad is not None
    assert w.grad is not None
    torch.testing.assert_close((x.grad, w.grad), (want_x, want_w), rtol=0, atol=0)
    assert not torch.allclose(x.grad, gradient @ w.detach(), rtol=1e-3)
    assert torch.equal(x.grad, nearest.product(gradient, w.detach().T, gradient=True)) != stochastic


def test_a_training_repeats_and_in_float32_is_the_one_without_us() -> None:
    assert trained(Arm("mxfp4", "adaptive", stochastic=True), 3, 2) == trained(
        Arm("mxfp4", "adaptive", stochastic=True), 3, 2
    )
    plain = models.train(models.attention(3), 2)
    assert trained(Arm(), 3, 2).mean == pytest.approx(math.fsum(plain) / 2)
    assert trained(Arm("int4_row"), 3, 2).mean != trained(Arm(), 3, 2).mean


def test_a_loss_that_is_not_finite_ends_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(seed: int) -> models.Trainee:
        model = Answering(models.TASK, 4, SelfAttention(4, heads=1))
        return models.Trainee(model, iter([lambda: torch.tensor(math.nan)]))

    monkeypatch.setattr("impls.low_precision.layers.training.attention", lost)
    ended = trained(Arm("mxfp4"), 0, 5)
    assert ended.steps == 1
    assert math.isnan(ended.loss)


def test_the_small_hadaptive_net_learns_the_same_whatever_others_draw() -> None:
    runs = []
    for other in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(other)
            trainee = models.hadaptive(5)
            runs.append(models.train(trainee, 2))
    assert runs[0] == runs[1]


def test_the_small_hadaptive_net_records_its_pointwise_products() -> None:
    trainee = models.hadaptive(0)
    layers = recorded(trainee.model, next(trainee.losses))
    named = {layer.name for layer in layers}
    assert {"body.3.project.0.weight", "widen.0.weight", "head.classify.weight"} <= named
    assert all(len(layer.x) == len(layer.gradient) for layer in layers)
