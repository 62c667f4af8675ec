"""The operator as the suite measures it: work that is counted, a reference by the matrix, tolerances by size."""

from __future__ import annotations

import pytest
import torch

from impls.hadamard_transform.operator import OPERATOR
from impls.hadamard_transform.tolerances import HALF_UNIT, tolerance
from opbench import Axes, Point, catalog
from opbench.counting.count import count, counts_of
from opbench.planning.plan import plan
from opbench.testing import assert_correct
from opbench.vocabulary.case import AxisValue


def point_of(mode: str = "forward", device: str = "cpu", dtype: str = "float32", **axes: AxisValue) -> Point:
    return Point(OPERATOR.name, OPERATOR.complete(Axes(axes)), dtype, device, mode, "none")


@pytest.mark.parametrize(
    ("axes", "operations"),
    [
        ({"size": 64, "scale": "one"}, 6),
        ({"size": 64}, 7),
        ({"size": 64, "signs": True}, 8),
        ({"size": 48}, 11 + 2 + 1),
        ({"size": 28, "scale": "one"}, 27),
        ({"size": 96, "block": 8}, 4),
        ({"size": 1}, 0),
    ],
)
@pytest.mark.parametrize("mode", ["forward", "backward"])
def test_the_work_is_what_both_counters_count(axes: dict[str, AxisValue], operations: int, mode: str) -> None:
    point = Point(OPERATOR.name, OPERATOR.complete({"rows": 5} | axes), "float32", "meta", mode, "none")
    work = OPERATOR.work(point)
    elements = 5 * int(str(axes["size"]))
    assert counts_of(work) == {"macs": 0, "products": 0, "elementwise": operations * elements}
    counted = count(OPERATOR.eager(point), OPERATOR.inputs(point))
    assert counted == {"fvcore": counts_of(work), "torch": counts_of(work)}


def test_every_byte_is_read_once_and_written_once() -> None:
    work = OPERATOR.work(point_of(rows=3, size=16, signs=True, dtype="bfloat16"))
    assert (work.bytes_read, work.bytes_written) == (2 * (3 * 16 + 16), 2 * 3 * 16)


@pytest.mark.parametrize("mode", ["forward", "backward"])
@pytest.mark.parametrize("size", [2, 32, 12, 40, 224])
def test_the_reference_is_the_definition_by_the_matrix(size: int, mode: str) -> None:
    from .subjects import defined

    point = point_of(mode, rows=3, size=size, signs=True, dtype="float64")
    inputs = OPERATOR.inputs(point)
    if mode == "forward":
        want = defined(inputs["x"], inputs["signs"])
    else:
        x = torch.zeros(3, size, dtype=torch.float64, requires_grad=True)
        (want,) = torch.autograd.grad(defined(x, inputs["signs"]), x, inputs["grad"])
    torch.testing.assert_close(OPERATOR.reference(point, inputs), want, atol=1e-13, rtol=1e-13)


@pytest.mark.parametrize("dtype", sorted(HALF_UNIT))
def test_tolerances_grow_with_the_size_and_stay_below_what_one_missing_stage_costs(dtype: str) -> None:
    given = [tolerance(dtype, size).atol for size in (1, 2, 64, 4096, 1 << 15)]
    assert given == sorted(given)
    assert given[-1] < 0.1
    assert OPERATOR.tolerance(point_of(rows=1, size=64, dtype=dtype)).atol == tolerance(dtype, 64).atol


@pytest.mark.compiler
def test_backends_without_a_compiler_of_their_own_pass_at_the_check_points() -> None:
    names = ("cpp_ext", "torch_eager", "torch_factors", "torch_matmul")
    axes = {"rows": (0, 3), "size": (40, 256), "signs": (True,)}
    assert_correct("hadamard_transform", names, ("float32",), axes=axes)


def test_the_sweep_asks_for_the_product_beside_everything_that_is_fast() -> None:
    tasks = list(plan(catalog.sweep("transform"), "cpu", "wall"))
    asked = {case.backend for task in tasks for case in task.cases}
    assert {task.point.axes["size"] for task in tasks} == {1 << k for k in range(5, 14)}
    assert {"cpp_ext", "torch_matmul", "torch_factors", "torch_eager", "torch_compile"} <= asked
