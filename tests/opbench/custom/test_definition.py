"""Callables as an operator: where arguments go, what is right, how much work it is."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from opbench import Axes, Point, Work
from opbench.custom.call import Call
from opbench.custom.custom_axes import custom_axes
from opbench.custom.definition import Definition
from opbench.custom.implementation import Implementation
from opbench.errors import UsageError
from opbench.vocabulary.backend import Backend

POINT = Point("mine", Axes({"rows": 3}))


def scaled(x: Tensor, *, by: dict[str, Any]) -> Tensor:
    result: Tensor = x * by["scale"] + by["shift"]
    return result


def many(rows: int) -> Tensor:
    return torch.ones(rows, 1009)


def defined(**changed: Any) -> Definition:
    given: dict[str, Any] = {
        "name": "mine",
        "implementations": {"gelu": functional.gelu},
        "inputs": lambda rows: torch.randn(rows, 5),
        "axes": custom_axes({"rows": [3]}),
    }
    given |= changed
    given["implementations"] = {name: Implementation(one) for name, one in given["implementations"].items()}
    return Definition(**given)


def test_tensors_go_back_to_their_places_among_other_arguments() -> None:
    call = Call.of({"x": torch.ones(3), "by": {"scale": torch.full((3,), 2.0), "shift": 7}})
    assert len(call.tensors) == 2
    twice = {name: 2 * tensor for name, tensor in call.tensors.items()}
    assert torch.equal(call.bound(scaled, twice)(), torch.full((3,), 15.0))


@pytest.mark.parametrize("arguments", [torch.ones(3), (torch.ones(3),), {"input": torch.ones(3)}])
def test_arguments_are_one_tensor_a_tuple_or_named(arguments: Any) -> None:
    call = Call.of(arguments)
    assert torch.equal(call.bound(torch.neg, call.tensors)(), -torch.ones(3))


def test_a_point_has_the_same_inputs_every_time_and_leaves_the_generator_alone() -> None:
    state = torch.random.get_rng_state()
    first, again = (defined().tensors(POINT) for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert torch.equal(torch.random.get_rng_state(), state)
    one = defined()
    next(iter(one.tensors(POINT).values())).fill_(0)
    assert all(torch.equal(first[name], tensor) for name, tensor in one.tensors(POINT).items())


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_tensors_are_of_the_points_dtype_and_inputs_may_ask_for_it(dtype: str) -> None:
    point = replace(POINT, dtype=dtype)
    for inputs in (
        lambda rows: torch.randn(rows, 5),
        lambda rows, dtype, device: torch.ones(rows, dtype=dtype, device=device),
    ):
        (tensor,) = defined(inputs=inputs).tensors(point).values()
        assert tensor.dtype == getattr(torch, dtype)
    assert torch.get_default_dtype() == torch.float32


def test_the_reference_is_the_first_callable_in_float64_or_what_is_given() -> None:
    one = defined()
    inputs = one.tensors(POINT)
    (x,) = inputs.values()
    assert torch.equal(one.exact(POINT, inputs), functional.gelu(x.double()))
    assert torch.equal(defined(reference=torch.abs).exact(POINT, inputs), x.double().abs())


def only_float32(x: Tensor) -> Tensor:
    if x.dtype != torch.float32:
        raise TypeError("float32 alone")
    return x


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"implementations": {"a": only_float32}},
            r"'mine' cannot be computed in float64 .*TypeError: float32 alone.*reference=",
        ),
        ({"implementations": {"a": lambda x: (x, x)}}, "'a' returned tuple; expected one tensor"),
        ({"implementations": {"a": torch.fft.fft}}, "'a' returned a tensor of torch.complex"),
        ({"inputs": lambda rows: rows}, "have no tensor"),
        ({"inputs": lambda rows: torch.empty(rows, device="meta")}, "are on meta; expected all on cpu"),
    ],
)
def test_what_cannot_be_a_reference_or_inputs_says_why(changed: dict[str, Any], says: str) -> None:
    one = defined(**changed)
    with pytest.raises(UsageError, match=says):
        one.exact(POINT, one.tensors(POINT))


@pytest.mark.parametrize(
    ("implementations", "says"),
    [({}, "nothing to compare"), ({"a b": abs}, "named 'a b'"), ({"a": 7}, "'a' is of type int; expected a callable")],
)
def test_what_is_no_callable_is_refused(implementations: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        defined(implementations=implementations)


def test_work_is_what_the_user_says_or_is_counted_from_tensors() -> None:
    linear = {"linear": lambda x, weight: x @ weight}
    inputs = lambda rows: (torch.randn(rows, 5), torch.randn(5, 7))  # noqa: E731
    one = defined(implementations=linear, inputs=inputs)
    assert one.work(POINT) == Work(3 * 5 * 7, 0, 0, 4 * (15 + 35), 4 * 21)
    told = defined(
        implementations=linear, inputs=inputs, flops=lambda rows: 10 * rows, moved_bytes=lambda rows: 100 * rows
    )
    assert told.work(POINT) == Work(0, 0, 30, 300 - 84, 84)


def test_an_output_has_the_dtype_that_the_first_callable_gives_it() -> None:
    operator = defined(implementations={"sign": lambda x: x > 0}).operator()
    assert operator.output_dtype(POINT) == "bool"
    assert defined().operator().output_dtype(POINT) == "float32"


def test_gradients_are_an_operators_where_it_says_so() -> None:
    assert defined().operator().modes == {"forward"}
    assert defined(modes=frozenset({"backward"})).operator().modes == {"backward"}


def test_backends_are_the_callables_on_the_points_own_tensors() -> None:
    one = defined(implementations={"gelu": functional.gelu, "negative": torch.neg})
    inputs = one.operator().inputs(POINT)
    (x,) = inputs.values()
    made = {name: make() for name, make in one.operator().further_backends().items()}
    assert all(isinstance(backend, Backend) for backend in made.values())
    assert torch.equal(made["negative"].prepare(POINT, inputs, None, "")(), -x)
    x.fill_(2.0)
    assert torch.equal(made["negative"].prepare(POINT, inputs, None, "")(), torch.full_like(x, -2.0))


def test_what_was_made_does_not_travel() -> None:
    one = defined(inputs=many)
    before = len(pickle.dumps(one))
    one.output(POINT)
    assert len(pickle.dumps(one)) == before
