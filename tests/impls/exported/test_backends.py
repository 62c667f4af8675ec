"""ONNX Runtime as a backend: checked like any other, and its record carries what opening the file showed."""

from __future__ import annotations

import pytest
import torch

from opbench import Backend, Figured, Part, Point, catalog
from opbench.counting.meta_kernels import Kept
from opbench.measure.point_checker import Candidate, Checker


def prepared(operator: str, backend: str, **axes: int) -> tuple[Point, Figured, Checker]:
    found = catalog.operator(operator)
    point = Point(operator, found.complete(axes))
    inputs = found.inputs(point)
    name, _, schedule = backend.partition(":")
    one = catalog.backend(operator, name)
    assert isinstance(one, Backend)
    launch = one.prepare(point, inputs, None, schedule)
    assert isinstance(launch, Figured)
    return point, launch, Checker(found, point, inputs)


@pytest.mark.compiler
@pytest.mark.parametrize("backend", ["ort_stock", "ort_custom"])
def test_it_answers_for_inputs_that_change(backend: str) -> None:
    _, launch, checker = prepared("ach_select_expand", backend, batch=2, channels=17, edge=5, selected=7, threads=1)
    verdicts = checker.run({"it": Candidate(launch.call, None)}, lambda _, check: check(Candidate(launch.call, None)))
    assert verdicts == {"it"}
    assert {"load_s", "file_bytes"} <= launch.figures.keys()
    assert launch.figures["file_bytes"] > 1000


def test_a_network_says_of_which_operators_it_consists() -> None:
    """Layers 6, 7, 9, 10 and 13, 14 of S (Table 9)."""
    network_operator = catalog.operator("hadaptive_s")
    parts = network_operator.parts(network_operator.complete({"batch": 2, "edge": 64, "threads": 1}))
    assert [(part.count, part.axes["channels"], part.axes["edge"], part.axes["selected"]) for part in parts] == [
        (4, 96, 4, 16),
        (2, 128, 2, 32),
    ]
    assert all(part.axes["batch"] == 2 and part.axes["threads"] == 1 for part in parts)


@pytest.mark.parametrize("network", ["hadaptive_s", "hadaptive_m", "hadaptive_l"])
def test_parts_are_the_ach_modules_of_the_network(network: str) -> None:
    from impls.network.variants import expansions, skeleton

    network_operator = catalog.operator(network)
    seen: list[tuple[int, int, int]] = []
    model = skeleton(network, "torch_eager").eval()
    for one in expansions(model).values():
        one.register_forward_hook(lambda ach, _, y: seen.append((ach.channels, y.shape[2], ach.k)))
    with torch.no_grad(), Kept():
        model(torch.empty(1, 3, 100, 100, device="meta"))
    told = [
        (part.axes["channels"], part.axes["edge"], part.axes["selected"])
        for part in network_operator.parts(network_operator.complete({"edge": 100}))
        for _ in range(part.count)
    ]
    assert sorted(told) == sorted(seen)
    complete = catalog.operator("ach_select_expand")
    assert all(
        complete.complete(part.axes) == part.axes for part in network_operator.parts(network_operator.complete({}))
    )
    assert isinstance(network_operator.parts(network_operator.complete({}))[0], Part)
