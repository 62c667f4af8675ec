"""The whole networks' gradients, of every parameter, against the reference's in float64."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impls.expansion.references import exact
from impls.network import launches
from impls.network.reference import _Network
from impls.network.variants import expansions
from opbench import catalog

from .points import NETWORKS, at


@pytest.mark.parametrize("name", NETWORKS)
def test_the_gradients_of_all_parameters_are_the_references(name: str) -> None:
    """The check sees one of them; here are all, the one through the selection's softmax included."""
    point = at(name, "backward", "float64")
    inputs = catalog.operator(name).inputs(point)
    network = launches.network_of(point, inputs, "torch_eager")
    scores = network(inputs["x"])
    assert isinstance(scores, Tensor)
    got = torch.autograd.grad(scores, list(network.parameters()), inputs["grad"])
    values = exact(inputs)
    leaves = {key: values[key].requires_grad_() for key, _ in network.named_parameters()}
    want = torch.autograd.grad(_Network(point, values).scores(), list(leaves.values()), values["grad"])
    # Some are exactly zero, of a shift that a BatchNorm behind takes out again.
    rounding = 1e-12 * max(float(one.abs().max()) for one in want)
    for key, one, other in zip(leaves, got, want, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-7, atol=rounding, msg=f"{key} differs")
    through = [one for key, one in zip(leaves, want, strict=True) if key.endswith("select.scores.mix.weight")]
    assert len(through) == len(expansions(network))
    assert all(one.abs().max() > 0 for one in through)
