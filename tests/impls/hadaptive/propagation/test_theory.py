"""Section A.2's formulas against samples and closed forms, and what follows from them over depth."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from impls.hadaptive.ach_parts.normalizers import DynamicNorm, normalizer
from impls.hadaptive.propagation.theory import (
    BOUNDED,
    NORMS,
    Moments,
    Stack,
    largest_product,
    linear,
    overflow,
    product,
    squared,
    stability,
    states,
)

REST = Moments(0.5, 1.0)
SAMPLES = 1_000_000


def drawn(moments: Moments, generator: np.random.Generator, *, normal: bool = True) -> np.ndarray:
    """Independent values of these moments: normal, or two-valued, as far from normal as can be."""
    unit = generator.standard_normal(SAMPLES) if normal else generator.choice([-1.0, 1.0], SAMPLES)
    return moments.mean + math.sqrt(moments.variance) * unit


def close(samples: np.ndarray, theory: Moments) -> bool:
    """Within five standard errors of the sampled mean and variance."""
    deviations = (samples - samples.mean()) ** 2
    errors = (samples.std() / math.sqrt(SAMPLES), deviations.std() / math.sqrt(SAMPLES))
    found = (samples.mean(), samples.var())
    return all(abs(one - want) <= 5 * error + 1e-12 for one, want, error in zip(found, theory, errors, strict=True))


@pytest.mark.parametrize(
    ("first", "second"),
    [((0.0, 1.0), (0.0, 1.0)), ((3.0, 0.25), (-0.1, 9.0)), ((0.5, 1.0), (0.5, 1.0)), ((2.0, 0.0), (1.0, 4.0))],
    ids=str,
)
@pytest.mark.parametrize("normal", [True, False])
def test_a_product_of_independent_factors_has_the_papers_moments_whatever_their_distribution(
    first: tuple[float, float], second: tuple[float, float], normal: bool
) -> None:
    generator = np.random.default_rng(7)
    factors = [drawn(Moments(*one), generator, normal=normal) for one in (first, second)]
    assert close(factors[0] * factors[1], product(Moments(*first), Moments(*second)))


@pytest.mark.parametrize("moments", [(0.0, 1.0), (1.5, 0.25), (-0.5, 4.0)], ids=str)
def test_a_square_of_a_normal_channel_has_the_papers_moments_which_are_not_those_of_a_product(
    moments: tuple[float, float],
) -> None:
    one = Moments(*moments)
    samples = drawn(one, np.random.default_rng(11)) ** 2
    assert close(samples, squared(one))
    assert not close(samples, product(one, one))


def test_a_linear_map_has_the_papers_moments_pooled_over_its_outputs() -> None:
    generator = np.random.default_rng(3)
    weights, bias = generator.standard_normal((5, 7)), generator.standard_normal(5)
    x = 0.7 + 1.3 * generator.standard_normal((7, 400_000))
    outputs = weights @ x + bias[:, None]
    theory = linear(Moments(0.7, 1.69), weights, bias)
    assert outputs.mean() == pytest.approx(theory.mean, abs=0.01)
    assert outputs.var(axis=1).mean() == pytest.approx(theory.variance, rel=0.01)


@pytest.mark.parametrize("norm", BOUNDED)
@pytest.mark.parametrize("state", [(0.0, 1.0), (0.5, 1.0), (-2.0, 0.25), (0.3, 400.0)], ids=str)
def test_moments_behind_a_bounded_normaliser_are_those_of_the_module_by_sampling(
    norm: str, state: tuple[float, float]
) -> None:
    generator, moments = np.random.default_rng(5), Moments(*state)
    y = drawn(moments, generator) * drawn(moments, generator)
    module = normalizer(norm, 1).double()
    with torch.no_grad():
        samples = module(torch.from_numpy(y)[:, None, None, None]).flatten().numpy()
    found, theory = (samples.mean(), (samples**2).mean()), Stack(norm, REST).normalised(moments)
    assert found[0] == pytest.approx(theory.mean, abs=0.005)
    assert found[1] == pytest.approx(theory.square, rel=0.01)


def test_the_bounded_functions_start_as_the_modules_do() -> None:
    for name, bounded in BOUNDED.items():
        module = normalizer(name, 3)
        assert isinstance(module, DynamicNorm)
        assert (module.alpha_start, module.weight_start) == (bounded.alpha, bounded.weight)
        y = torch.linspace(-9, 9, 31, dtype=torch.float64)
        with torch.no_grad():
            found = module.double()(y[:, None, None].expand(31, 3, 1))[:, 0, 0]
        # alpha is a float32 parameter: 0.35 is not.
        torch.testing.assert_close(found, torch.from_numpy(bounded(y.numpy())), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("rest", [(0.5, 1.0), (0.0, 1.0), (0.0, 4.0)], ids=str)
def test_every_stack_rests_where_it_is_built_to(norm: str, rest: tuple[float, float]) -> None:
    stack = Stack(norm, Moments(*rest))
    assert stack.after(stack.rest) == pytest.approx(stack.rest, abs=1e-9)
    assert all(one == pytest.approx(stack.rest, abs=1e-6) for one in states(stack, stack.rest, 5))


@pytest.mark.parametrize("norm", ["none", "bn"])
@pytest.mark.parametrize("scale", [2.0, 0.5, 1.1])
def test_without_a_bounded_normaliser_every_layer_squares_a_deviation(norm: str, scale: float) -> None:
    rest = Moments(0.0, 3.0)
    reached = states(Stack(norm, rest), Moments(0.0, scale**2 * 3.0), 6)
    for depth, state in enumerate(reached):
        assert state.variance / rest.variance == pytest.approx(scale ** (2 * 2**depth), rel=1e-9)
    assert stability(Stack(norm, rest)) == pytest.approx(2, abs=1e-6)


@pytest.mark.parametrize("norm", BOUNDED)
def test_a_bounded_normaliser_bounds_the_next_layer_however_large_this_one_is(norm: str) -> None:
    stack, bounded = Stack(norm, REST), BOUNDED[norm]
    highest = (bounded.weight * float(abs(bounded.f(np.array([1e30]))[0]))) ** 2
    for variance in (1.0, 1e3, 1e12, 1e60):
        after = stack.after(Moments(0.5, variance))
        assert after.variance <= stack.gain**2 * highest * (1 + 1e-9)
        assert abs(after.mean) <= abs(stack.bias) + stack.mean_gain * math.sqrt(highest)


def test_dysoft_draws_a_deviation_back_and_dysig_does_not() -> None:
    """As their modules start: DySig is flatter at zero, so that it is nearly linear at this variance."""
    assert stability(Stack("dysoft", REST)) < 0.9
    assert stability(Stack("dysig", REST)) > 1.2
    for scale in (0.5, 2.0):
        start = Moments(scale * 0.5, scale**2)
        after = states(Stack("dysoft", REST), start, 9)[-1]
        assert abs(math.log(after.variance)) < abs(math.log(start.variance))
        assert abs(math.log(states(Stack("dysig", REST), start, 9)[-1].variance)) > abs(math.log(start.variance))


@pytest.mark.parametrize("pairs", [55, 4656, 100_003])
def test_the_largest_of_many_products_is_as_large_as_sampled(pairs: int) -> None:
    generator = np.random.default_rng(1)
    tries = max(20, 2_000_000 // pairs)
    found = [abs(generator.standard_normal(pairs) * generator.standard_normal(pairs)).max() for _ in range(tries)]
    assert float(np.median(found)) == pytest.approx(largest_product(pairs), rel=0.15)
    assert largest_product(1) == 1


def test_a_layer_overflows_where_its_largest_product_does() -> None:
    layers = [Moments(0.0, 1.0), Moments(3.0, 1e8), Moments(0.0, 1e12)]
    assert overflow(layers, 65504.0, 4656) == 2
    assert overflow(layers, 1e30, 4656) is None


def test_states_end_behind_the_largest_number() -> None:
    reached = states(Stack("none", Moments(0.0, 1.0)), Moments(0.0, 4.0), 20, largest=65504.0)
    assert [one.variance for one in reached] == pytest.approx([4.0**2**depth for depth in range(4)])
    assert math.sqrt(product(reached[-1], reached[-1]).square) > 65504 > reached[-2].variance
