"""The facts about the models are those of the modules that their libraries build, and those that were printed."""

from __future__ import annotations

import pytest
import torch

from impls.hadaptive.replacing.cost import attention_macs
from impls.zoo.building import skeleton
from impls.zoo.models import MODELS
from impls.zoo.operator import OPERATORS
from opbench import Grid, Sweep, catalog
from opbench.counting.meta_kernels import Kept
from opbench.errors import UsageError
from opbench.planning.plan import plan

from ...commands import Interpreter
from .points import EVERY, FAMILIES, at

PRINTED = {
    "mobilenetv3_small_100": (1.62, 56),
    "mobilenetv3_large_100": (4.33, 215),
    "mobilenetv4_conv_small": (2.62, 185),
    "mobilenetv4_conv_medium": (8.56, 826),
    "mobilenetv4_conv_large": (31.44, 2170),
    "starnet_s1": (2.70, 422),
    "starnet_s2": (3.45, 544),
    "starnet_s3": (5.52, 754),
    "starnet_s4": (7.25, 1049),
    "ghostnet_100": (4.03, 140),
    "ghostnetv3_100": (6.98, 403),
    "mobileone_s0": (1.16, 274),
    "mobileone_s1": (3.61, 824),
    "mobileone_s2": (5.96, 1297),
    "mobileone_s3": (8.23, 1894),
    "shufflenet_v2_x1_0": (1.36, 144),
    "mobilevit_s": (5.00, 1416),
    "mobilevit_xs": (1.97, 703),
    "mobilevit_xxs": (0.98, 255),
}
"""Millions of parameters, and of MACs of convolutions and linear layers at 224x224, with 100 classes."""

ONE_AFTER_ANOTHER = pytest.mark.parametrize("name", EVERY, scope="module")
"""All tests of a model follow each other, and its skeleton is built once for them."""


@ONE_AFTER_ANOTHER
def test_parameters_and_macs_are_the_printed_ones(name: str) -> None:
    point = at(name, device="meta", edge=224)
    macs = catalog.operator(name).work(point).macs - attention_macs(skeleton(name), (1, 3, 224, 224))
    assert (round(MODELS[name].parameters / 1e6, 2), round(macs / 1e6)) == PRINTED[name]
    assert sum(one.numel() for one in skeleton(name).parameters()) == MODELS[name].parameters
    assert catalog.operator(name).sizes(point.axes) == {"classes": 100, "parameters": MODELS[name].parameters}


@pytest.mark.parametrize("name", ["starnet_s1", "mobilevit_xxs"])
def test_bytes_are_those_of_the_image_the_state_and_the_logits(name: str) -> None:
    model = skeleton(name)
    state = [one for one in model.state_dict().values() if one.is_floating_point()]
    for dtype, size in (("float32", 4), ("float64", 8)):
        work = catalog.operator(name).work(at(name, dtype, batch=3))
        assert work.bytes_read == size * (sum(one.numel() for one in state) + 3 * 3 * 37 * 37)
        assert work.bytes_written == size * 3 * 100


@ONE_AFTER_ANOTHER
def test_the_least_edge_is_taken_and_so_are_odd_ones(name: str) -> None:
    odd = (35, 63) if name in FAMILIES else ()  # models of one family differ in widths and depths, not in strides
    for edge in (MODELS[name].least_edge, *odd):
        with torch.no_grad(), Kept():
            assert skeleton(name)(torch.empty(2, 3, edge, edge, device="meta")).shape == (2, 100)


def test_a_smaller_image_fails_and_is_refused_before() -> None:
    name = "ghostnetv3_100"
    operator, point = catalog.operator(name), at(name, edge=32)
    with pytest.raises(RuntimeError, match="too small"):
        skeleton(name)(torch.empty(2, 3, 32, 32, device="meta"))
    says = "GhostNetV3-1.0 takes an edge of 33 or more, got 32"
    for ask in (lambda: operator.sizes(point.axes), lambda: operator.inputs(point), lambda: operator.work(point)):
        with pytest.raises(UsageError, match=says):
            ask()
    grid = Grid(operators=(name, "ghostnet_100"), axes={"edge": (32, 33)}, backends=("torch_eager",))
    skips = {(task.point.operator, task.point.axes["edge"]): task.skip for task in plan(_sweep(grid), "cpu", "wall")}
    assert skips == {(name, 32): says, (name, 33): None, ("ghostnet_100", 32): None, ("ghostnet_100", 33): None}


def _sweep(grid: Grid) -> Sweep:
    return Sweep(question="which edges?", grids=(grid,))


def test_every_model_is_an_operator_under_a_literal_name() -> None:
    assert list(OPERATORS) == EVERY
    assert all(catalog.operators()[name] == "impls.zoo" and OPERATORS[name].name == name for name in EVERY)


def test_listing_the_models_imports_none_of_their_libraries(interpreter: Interpreter) -> None:
    code = """
import sys
from opbench import catalog
for name in catalog.operators():
    operator = catalog.operator(name)
    operator.sizes(operator.complete({}))
print(sorted({"timm", "torchvision", "transformers"} & sys.modules.keys()))
"""
    run = interpreter.run(code)
    assert run.code == 0, run.stderr
    assert run.stdout.strip() == "[]"
