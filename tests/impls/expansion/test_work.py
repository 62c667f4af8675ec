from __future__ import annotations

import math

import pytest

from opbench import Axes, Point, Work, catalog

SIZES = [(16, 4), (64, 4), (64, 24), (512, 4), (7, 3)]


def axes(m: int, expansion: int) -> Axes:
    return Axes({"batch": 3, "channels": m, "expansion": expansion, "edge": 14})


def work(name: str, at: Axes, dtype: str = "float32") -> Work:
    return catalog.operator(name).work(Point(name, at, dtype))


def mixing_macs(at: Axes) -> int:
    """What the paper's cost model counts of ACH: not the scores, 5 MACs per channel and sample."""
    means: int = 5 * at["batch"] * at["channels"]
    return work("ach", at).model_macs - means


@pytest.mark.parametrize(("m", "expansion"), SIZES)
def test_the_macs_are_those_of_the_papers_cost_models(m: int, expansion: int) -> None:
    at = axes(m, expansion)
    n, pixels = catalog.operator("ach").sizes(at)["out_channels"], 3 * 14 * 14
    s = math.ceil(n / 2)
    assert work("pointwise", at).model_macs == m * n * pixels
    assert work("ghost", at).model_macs == (m * s + 9 * (n - s)) * pixels
    assert mixing_macs(at) == (m * m + n - m) * pixels


@pytest.mark.parametrize(("m", "expansion"), SIZES)
def test_ach_costs_m_over_n_and_a_little_more_of_pointwise(m: int, expansion: int) -> None:
    at = axes(m, expansion)
    n = catalog.operator("ach").sizes(at)["out_channels"]
    assert mixing_macs(at) / work("pointwise", at).model_macs == pytest.approx(m / n + 1 / m - 1 / n)


def test_elementwise_operations_follow_the_convention() -> None:
    at = axes(64, 4)
    pixels, n, m = 3 * 14 * 14, 274, 64
    assert catalog.operator("ach").sizes(at)["out_channels"] == n
    assert work("pointwise", at).elementwise == 3 * n * pixels
    assert work("ghost", at).elementwise == (3 + 2) * n // 2 * pixels
    assert work("ach", at).elementwise == (2 * m + m + 6 * (n - m)) * pixels
    assert work("ach", at).products == (n - m) * pixels


@pytest.mark.parametrize("name", ["ach", "ghost", "pointwise"])
@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("bfloat16", 2), ("float64", 8)])
def test_bytes_are_those_of_the_inputs_and_of_the_output(name: str, dtype: str, size: int) -> None:
    operator = catalog.operator(name)
    for given in operator.check_points:
        point = Point(name, operator.complete(given), dtype)
        inputs = operator.inputs(point)
        actual = operator.work(point)
        assert actual.bytes_read == sum(tensor.numel() for tensor in inputs.values()) * size
        assert actual.bytes_written == operator.reference(point, inputs).numel() * size
