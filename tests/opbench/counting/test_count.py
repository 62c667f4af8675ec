from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

pytest.importorskip("fvcore", reason="fvcore is not installed")

from opbench import Point, catalog
from opbench.counting import formulas
from opbench.counting.count import CountingError, Counts, count, counts_of, disagreements, register
from opbench.counting.torch_counter import count_with_torch
from opbench.counting.trace import count_trace
from opbench.vocabulary.case import AxisValue
from opbench.vocabulary.work import Work
from tests.impls.zoo.points import FAMILIES

Walk = Callable[..., Counts]

both_counters = pytest.mark.parametrize("walk", [count_trace, count_with_torch], ids=["fvcore", "torch"])


def meta(*shape: int) -> torch.Tensor:
    return torch.empty(shape, device="meta")


def counts(macs: int = 0, products: int = 0, elementwise: int = 0) -> Counts:
    return {"macs": macs, "products": products, "elementwise": elementwise}


WHOLE_NETWORKS = {
    name
    for name, where in catalog.operators().items()
    if where.startswith(("impls.network.", "impls.zoo", "impls.detectors"))
}
"""Counted below, and in tests/impls/network/test_work.py and tests/impls/detectors/test_models.py."""

BY_VALUES = {"nms"}
"""How much they do goes by values, which meta tensors have none of: their Work is a bound, see tests/impls/boxes."""


def expected_at(name: str, axes: Mapping[str, AxisValue]) -> tuple[Point, Counts]:
    point = Point(name, catalog.operator(name).complete(axes), device="meta")
    return point, counts_of(catalog.operator(name).work(point))


@pytest.mark.parametrize("name", sorted(catalog.operators().keys() - WHOLE_NETWORKS - BY_VALUES))
def test_work_and_both_counters_agree_at_every_check_point(name: str) -> None:
    operator = catalog.operator(name)
    for axes in operator.check_points:
        point, expected = expected_at(name, axes)
        assert count(operator.eager(point), operator.inputs(point)) == {"fvcore": expected, "torch": expected}, point


@pytest.mark.parametrize("name", FAMILIES)
def test_both_counters_agree_on_whole_models(name: str) -> None:
    """A model's Work is what torch's counter says, so fvcore alone is asked. Of the smallest of each family: the others
    have the same operators more often, and are held against printed figures in tests/impls/zoo/test_models.py.
    """
    operator = catalog.operator(name)
    point, expected = expected_at(name, operator.check_points[0])
    assert expected["macs"] > 0
    assert count_trace(operator.eager(point), tuple(operator.inputs(point).values())) == expected


@pytest.mark.parametrize("name", ["pointwise", "ghost", "ach"])
def test_a_large_case_is_counted_without_its_memory(name: str) -> None:
    operator = catalog.operator(name)
    axes = operator.complete({"channels": 512, "expansion": 4, "edge": 224})
    point = Point(name, axes, device="meta")
    assert operator.sizes(axes)["out_channels"] >= 2048
    function = operator.eager(point)

    def watched(*tensors: torch.Tensor) -> torch.Tensor:
        output = function(*tensors)
        assert all(tensor.is_meta for tensor in (*tensors, output))
        return output

    expected = counts_of(operator.work(replace(point, device="cpu")))
    assert count(watched, operator.inputs(point)) == {"fvcore": expected, "torch": expected}


@both_counters
def test_a_multiplication_of_two_activations_is_a_product(walk: Walk) -> None:
    assert walk(lambda x, y: x * y, (meta(2, 3, 5, 5), meta(2, 3, 5, 5))) == counts(products=150)


@both_counters
def test_a_scale_is_not_a_product_even_at_batch_and_edge_one(walk: Walk) -> None:
    assert walk(lambda x, s: x * s, (meta(1, 3, 1, 1), meta(3, 1, 1))) == counts(elementwise=3)


@both_counters
def test_a_number_is_a_scale(walk: Walk) -> None:
    assert walk(lambda x: x * 0.5, (meta(2, 3),)) == counts(elementwise=6)


@both_counters
def test_in_place_costs_what_its_plain_form_costs(walk: Walk) -> None:
    assert walk(lambda x, y: x.clone().mul_(y).add_(1), (meta(7), meta(7))) == counts(products=7, elementwise=7)


@both_counters
def test_a_convolution_with_computed_padding_and_groups_is_counted(walk: Walk) -> None:
    def function(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(x, weight, padding=weight.shape[-1] // 2, groups=weight.shape[0])

    assert walk(function, (meta(2, 4, 6, 6), meta(4, 1, 3, 3))) == counts(macs=2 * 4 * 36 * 9)


@both_counters
def test_a_matrix_product_is_counted_without_its_bias(walk: Walk) -> None:
    assert walk(functional.linear, (meta(5, 7), meta(3, 7), meta(3))) == counts(macs=105)


@both_counters
def test_index_arithmetic_is_not_counted(walk: Walk) -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        return x[:, torch.arange(x.shape[1] // 2, device=x.device) * 2 + 1]

    assert walk(function, (meta(2, 6),)) == counts()


@both_counters
@pytest.mark.parametrize("activation", [torch.erfinv, torch.cumsum])
def test_an_unknown_operator_raises_and_says_how_to_register_it(walk: Walk, activation: Callable[..., object]) -> None:
    arguments = (0,) if activation is torch.cumsum else ()
    with pytest.raises(CountingError, match=r"no formula for aten::(erfinv|cumsum) .* register"):
        walk(lambda x: activation(x, *arguments), (meta(3),))


def test_a_norm_that_fvcore_counts_by_its_own_convention_raises() -> None:
    with pytest.raises(CountingError, match="aten::group_norm"):
        count_trace(lambda x: functional.group_norm(x, 1), (meta(2, 3, 4, 4),))


def test_a_tensor_of_unknown_origin_raises() -> None:
    held = meta(3)
    with pytest.raises(CountingError, match=r"shape \(3,\)"):
        count_trace(lambda x: x * held, (meta(3),))


@pytest.fixture
def custom(monkeypatch: pytest.MonkeyPatch) -> str:
    """A custom operator without a formula; whatever a test registers is forgotten afterwards."""
    monkeypatch.setitem(formulas.RULES, "opbench_tests::twice", formulas.RULES["aten::mul"])
    del formulas.RULES["opbench_tests::twice"]

    @torch.library.custom_op("opbench_tests::twice", mutates_args=())
    def twice(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    twice.register_fake(torch.empty_like)
    return "opbench_tests::twice"


def call_twice(x: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = torch.ops.opbench_tests.twice(x)
    return found


@both_counters
def test_an_unknown_custom_operator_raises(walk: Walk, custom: str) -> None:
    with pytest.raises(CountingError, match=custom):
        walk(call_twice, (meta(2, 3),))


@both_counters
@pytest.mark.parametrize("kind", ["macs", "products", "elementwise"])
def test_a_registered_operator_counts_as_its_kind_in_both(walk: Walk, custom: str, kind: str) -> None:
    register(custom, kind, lambda inputs, output: 10 * len(output) + len(inputs[0] or ()))
    assert walk(call_twice, (meta(2, 3),)) == counts() | {kind: 22}


def test_registering_wants_a_namespace_and_a_known_kind() -> None:
    with pytest.raises(ValueError, match="namespace"):
        register("twice", "products", lambda _, __: 0)
    with pytest.raises(ValueError, match="none of macs, products, elementwise"):
        register("opbench_tests::twice", "flops", lambda _, __: 0)


def test_inputs_with_memory_are_refused() -> None:
    with pytest.raises(CountingError, match="'x' is on cpu"):
        count(torch.abs, {"x": torch.ones(3)})


def test_a_function_that_needs_values_has_a_reason_of_one_line_and_no_count() -> None:
    found = count(lambda x: x * x.sum().item(), {"x": meta(3)})
    assert "cannot walk the function on meta tensors: RuntimeError: " in str(found["fvcore"])
    assert "no formula for aten::_local_scalar_dense" in str(found["torch"])
    assert not [reason for reason in found.values() if "\n" in reason]


def test_a_function_that_raises_is_the_reason_of_both() -> None:
    def fails(_: torch.Tensor) -> torch.Tensor:
        raise IndexError("no such row\nsecond line")

    found = count(fails, {"x": meta(3)})
    assert found == dict.fromkeys(
        ("fvcore", "torch"), "it cannot walk the function on meta tensors: IndexError: no such row"
    )


def test_a_counter_that_cannot_count_leaves_the_others_count() -> None:
    found = count(lambda a, b: torch.tensordot(a, b, 1), {"a": meta(3, 5), "b": meta(5, 7)})
    assert "fvcore has no formula for aten::tensordot" in str(found["fvcore"])
    assert found["torch"] == counts(macs=105)


def test_a_counter_that_raises_leaves_the_others_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> Counts:
        raise IndexError("list index out of range")

    monkeypatch.setattr("opbench.counting.torch_counter.count_with_torch", fails)
    found = count(torch.abs, {"x": meta(3)})
    assert found["fvcore"] == counts(elementwise=3)
    assert "IndexError: list index out of range" in str(found["torch"])


@both_counters
@pytest.mark.parametrize("dtype", [torch.int64, torch.int8, torch.complex64])
def test_sums_of_products_that_are_not_real_numbers_are_refused(walk: Walk, dtype: torch.dtype) -> None:
    a, b = (torch.empty(shape, dtype=dtype, device="meta") for shape in ((3, 5), (5, 7)))
    for function in (torch.mm, torch.matmul, lambda a, b: torch.mv(a, b[:, 0]), lambda a, b: functional.linear(a, b.T)):
        with pytest.raises(CountingError, match=r"real arithmetic|floating-point arithmetic"):
            walk(function, (a, b))


@both_counters
def test_complex_numbers_are_refused_even_where_the_result_is_real(walk: Walk) -> None:
    with pytest.raises(CountingError, match="aten::abs computes with complex numbers"):
        walk(torch.abs, (torch.empty(3, dtype=torch.complex64, device="meta"),))


@both_counters
def test_rounding_is_counted_and_is_free_for_indices(walk: Walk) -> None:
    assert walk(lambda x: torch.floor_divide(x, 2).floor().remainder(3), (meta(7),)) == counts(elementwise=21)
    assert walk(lambda x: torch.floor_divide(x, 2), (torch.empty(7, dtype=torch.int64, device="meta"),)) == counts()


@both_counters
def test_adding_at_indices_is_not_free(walk: Walk) -> None:
    def function(x: torch.Tensor, at: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        return x.clone().index_put_((at,), values, accumulate=True)

    with pytest.raises(CountingError, match="no formula for aten::index_put"):
        walk(function, (meta(7), torch.empty(3, dtype=torch.int64, device="meta"), meta(3)))


def test_accounts_that_differ_are_told_two_at_a_time() -> None:
    work = Work(7, 5, 3, 0, 0)
    right = counts_of(work)
    assert disagreements({"fvcore": right, "torch": right}, work) == []
    assert disagreements({"fvcore": "not installed", "torch": right | {"macs": 8}}, work) == [
        "the definition and torch differ in macs: 7 and 8"
    ]
    assert disagreements({"fvcore": right, "torch": right | {"products": 0, "elementwise": 8}}, None) == [
        "fvcore and torch differ in products: 5 and 0",
        "fvcore and torch differ in elementwise: 3 and 8",
    ]
    assert disagreements({"fvcore": "not installed", "torch": "no formula"}, None) == []


def test_without_fvcore_its_count_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "opbench.counting.trace", raising=False)
    monkeypatch.setitem(sys.modules, "fvcore.nn", None)
    found = count(torch.abs, {"x": meta(3)})
    assert "fvcore is not installed" in str(found["fvcore"])
    assert found["torch"] == counts(elementwise=3)


def test_importing_counting_loads_neither_torch_nor_fvcore() -> None:
    program = "import sys, opbench.counting.count; print(sorted({'torch', 'fvcore'} & sys.modules.keys()))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_only_the_counters_asked_for_walk_the_function() -> None:
    walks: list[torch.Tensor] = []

    def function(x: torch.Tensor) -> torch.Tensor:
        walks.append(x)
        return x * x

    inputs = {"x": torch.empty(3, 5, device="meta")}
    assert set(count(function, inputs, ["torch"])) == {"torch"}
    assert len(walks) == 1
    assert set(count(function, inputs)) == {"fvcore", "torch"}
