"""The networks are well behaved, and float32 selects the channels that float64 does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from impls.network import reference as spelled_out
from impls.network.drawing import state
from impls.network.launches import network_of
from impls.network.reference import NEAR, gap
from impls.network.variants import expansions, skeleton
from opbench import Point, catalog
from opbench.errors import UsageError

from .points import MODES, NETWORKS, at, check_points


def observed(point: Point, factor: float = 1.0) -> tuple[dict[str, Tensor], list[Tensor]]:
    """The scores of every selection by its ACH's name, and the output of every layer."""
    (found,) = observed_at(point, factor)
    return found


def observed_at(point: Point, *factors: float) -> Iterator[tuple[dict[str, Tensor], list[Tensor]]]:
    """For each factor what `observed` returns, of one network."""
    inputs = catalog.operator(point.operator).inputs(point)
    network = network_of(point, inputs, "torch_select")
    scores: dict[str, Tensor] = {}
    layers: list[Tensor] = []
    for name, ach in expansions(network).items():
        chosen = ach.get_submodule("select.scores")
        chosen.register_forward_hook(lambda _, __, y, name=name: scores.update({name: y}))
    for layer in network.body:
        layer.register_forward_hook(lambda _, __, y: layers.append(y))
    for factor in factors:
        layers.clear()
        network(inputs["x"] * factor)
        yield dict(scores), list(layers)


def selecting(name: str) -> dict[str, int]:
    """k of every ACH by its name."""
    return {key: ach.k for key, ach in expansions(skeleton(name)).items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_float32_selects_what_float64_does(name: str) -> None:
    """Of images, and of what a check makes of them: halved ones."""
    ks = selecting(name)
    for point in check_points(catalog.operator(name), "forward"):
        single, double = (observed_at(replace(point, dtype=dtype), 1.0, 0.5) for dtype in ("float32", "float64"))
        for (actual, _), (expected, _) in zip(single, double, strict=True):
            for key, k in ks.items():
                assert torch.equal(actual[key].topk(k).indices, expected[key].topk(k).indices)
                assert gap(expected[key], k) > NEAR["float32"]


@pytest.mark.parametrize("name", NETWORKS)
def test_samples_of_one_batch_select_differently(name: str) -> None:
    scores, _ = observed(at(name, batch=3, edge=131))
    different = 0
    for key, k in selecting(name).items():
        chosen = [tuple(row.tolist()) for row in scores[key].topk(k).indices]
        different += len(set(chosen)) == 3
    assert different > len(scores) // 2


@pytest.mark.parametrize("name", NETWORKS)
def test_activations_are_of_one_size_through_all_layers(name: str) -> None:
    _, layers = observed(at(name, batch=3, edge=131))
    sizes = [float(one.square().mean().sqrt()) for one in layers]
    assert min(sizes) > 0.1
    assert max(sizes) < 10


def test_scores_too_close_to_tell_apart_are_refused_with_the_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    point = at("hadaptive_s")
    operator = catalog.operator(point.operator)
    monkeypatch.setitem(spelled_out.NEAR, "float32", 1.0)
    with pytest.raises(UsageError, match=r"two channel scores of body\.6 lie .* ask for another batch or edge"):
        operator.reference(point, operator.inputs(point))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NETWORKS)
def test_inputs_are_a_function_of_the_axes_alone_and_have_their_shapes_on_meta(name: str, mode: str) -> None:
    operator = catalog.operator(name)
    single, double, meta = (
        operator.inputs(at(name, mode, dtype, device))
        for dtype, device in (("float32", "cpu"), ("float64", "cpu"), ("float64", "meta"))
    )
    assert list(single) == list(double) == list(meta)
    for key, one in single.items():
        assert torch.equal(double[key], one.double())
        assert (meta[key].shape, meta[key].dtype, meta[key].is_meta) == (one.shape, torch.float64, True)


def test_writing_to_inputs_leaves_the_next_ones_alone() -> None:
    point = at("hadaptive_s")
    operator = catalog.operator(point.operator)
    before = operator.inputs(point)
    kept = {name: one.clone() for name, one in before.items()}
    for one in before.values():
        one.zero_()
    assert all(torch.equal(one, kept[name]) for name, one in operator.inputs(point).items())
    assert state("hadaptive_s")["body.0.0.weight"].abs().max() > 0
