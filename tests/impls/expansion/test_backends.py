from __future__ import annotations

import pytest
import torch

from opbench import Backend, Operator, Point, catalog
from opbench.measure.compare import compare

OPERATORS = ["ach", "ghost", "pointwise"]
DTYPES = ["float32", "float64", "float16", "bfloat16"]


def backends() -> list[object]:
    """(operator, backend) of everything but torch_compile, which takes seconds per point."""
    pairs = [(name, backend) for name in OPERATORS for backend in catalog.backend_names(name)]
    marks = {"cpp_ext": [pytest.mark.compiler]}
    return [pytest.param(*pair, marks=marks.get(pair[1], [])) for pair in pairs if pair[1] != "torch_compile"]


def loaded(operator: str, name: str, point: Point) -> Backend:
    backend = catalog.backend(operator, name)
    assert isinstance(backend, Backend), backend
    if reason := backend.refusal(point):
        pytest.skip(reason)
    return backend


def check(operator: Operator, backend: Backend, point: Point) -> None:
    """On the point's inputs and on a halved x, as the harness does: the second finds results kept from the first."""
    inputs = operator.inputs(point)
    launch = backend.prepare(point, inputs, None, "")
    for _ in range(2):
        want = operator.reference(point, inputs)
        found = compare(launch(), want, operator.tolerances[point.dtype], getattr(torch, point.dtype))
        assert found.passed, found
        inputs["x"].mul_(0.5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "backend"), backends())
def test_a_backend_matches_the_reference_at_every_check_point(name: str, backend: str, dtype: str) -> None:
    operator = catalog.operator(name)
    for axes in operator.check_points:
        point = Point(name, operator.complete(axes), dtype)
        check(operator, loaded(name, backend, point), point)


@pytest.mark.compiler
@pytest.mark.parametrize("name", OPERATORS)
def test_torch_compile_matches_the_reference(name: str) -> None:
    operator = catalog.operator(name)
    point = Point(name, operator.complete(operator.check_points[0]))
    check(operator, loaded(name, "torch_compile", point), point)


@pytest.mark.compiler
def test_torch_compile_selects_the_same_channels_in_bfloat16() -> None:
    operator = catalog.operator("ach")
    point = Point("ach", operator.complete(operator.check_points[1]), "bfloat16")
    check(operator, loaded("ach", "torch_compile", point), point)


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_zeros_and_a_shifted_channel_do_not_pass(name: str, dtype: str) -> None:
    operator = catalog.operator(name)
    point = Point(name, operator.complete(operator.check_points[0]), dtype)
    want = operator.reference(point, operator.inputs(point))
    for wrong in (torch.zeros_like(want), want.roll(1, dims=1), want.flip(2)):
        actual = compare(wrong.to(getattr(torch, dtype)), want, operator.tolerances[dtype], getattr(torch, dtype))
        assert actual.misses > want.numel() // 4


@pytest.mark.parametrize("name", OPERATORS)
def test_inputs_are_a_function_of_the_axes_alone(name: str) -> None:
    operator = catalog.operator(name)
    axes = operator.complete(operator.check_points[1])
    exact = operator.inputs(Point(name, axes, "float32"))
    for dtype in DTYPES:
        for key, tensor in operator.inputs(Point(name, axes, dtype)).items():
            assert torch.equal(tensor, exact[key].to(getattr(torch, dtype)))


@pytest.mark.parametrize("name", OPERATORS)
def test_meta_inputs_have_the_shapes_of_the_real_ones(name: str) -> None:
    operator = catalog.operator(name)
    for axes in map(operator.complete, operator.check_points):
        real, meta = (operator.inputs(Point(name, axes, "float16", device)) for device in ("cpu", "meta"))
        assert [(key, one.shape, one.dtype) for key, one in real.items()] == [
            (key, one.shape, one.dtype) for key, one in meta.items()
        ]
        assert all(one.is_meta for one in meta.values())
