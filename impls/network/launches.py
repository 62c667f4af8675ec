"""From an operator's inputs to the module and the launch: the inputs' own memory as parameters, nothing copied."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from impls.hadaptive.ach_parts.selection import Choice, LearnedSelection, straight_through
from impls.hadaptive.temperature import HOTTEST
from impls.network.eager_ach import write_out
from impls.network.variants import expansions, skeleton

if TYPE_CHECKING:
    from collections.abc import Callable

    from impls.hadaptive.network import HadaptiveNet
    from opbench import Inputs, Launch, Point


class GivenNoise(nn.Module):
    """A learned selection in training whose noise is given, so that every backend, and the reference, has the same.

    Drawing (B, C) numbers is the one thing that a training step of the network has and the launch has not.
    """

    def __init__(self, learned: LearnedSelection, noise: Tensor) -> None:
        super().__init__()
        self.k, self.scores, self.temperature = learned.k, learned.scores, learned.temperature
        self.noise = noise

    def forward(self, x: Tensor) -> Choice:
        noisy = self.scores(x) + self.noise
        return straight_through(noisy, self.temperature(noisy).softmax(dim=1), self.k)


def network_of(point: Point, inputs: Inputs, backend: str, *, written: bool = False) -> HadaptiveNet:
    """The network with its products by `backend`, its parameters being the input tensors themselves.

    written: every ACH in PyTorch's own operators, none of ours, and `backend` without a meaning (`eager_ach.py`).
    In mode `backward` it is in training, else in eval.
    """
    training = point.mode == "backward"
    network = skeleton(point.operator, backend)
    network.load_state_dict(_complete(network, inputs), assign=True)
    network.train(training).requires_grad_(training)
    if training:
        _settle(network, inputs)
    if written:
        write_out(network)
    return network


def launch_of(point: Point, inputs: Inputs, network: Callable[[Tensor], Tensor], trained: nn.Module) -> Launch:
    """The forward pass; in mode `backward` that and the gradients of all of `trained`'s parameters.

    Returns the scores, or the gradient of the first layer's weight, the last to be reached.
    """
    if point.mode != "backward":
        return partial(network, inputs["x"])
    x, grad = inputs["x"], inputs["grad"]
    parameters = list(trained.parameters())

    def step() -> Tensor:
        with torch.enable_grad():
            scores = network(x)
        return torch.autograd.grad(scores, parameters, grad)[0]

    return step


def _complete(network: nn.Module, inputs: Inputs) -> dict[str, Tensor]:
    """The inputs, and what is none: running statistics of a training step, counters and temperatures."""
    like = inputs["x"]
    state = {}
    for name, tensor in network.state_dict().items():
        if name in inputs:
            state[name] = inputs[name]
        else:
            dtype = like.dtype if tensor.is_floating_point() else tensor.dtype
            start = HOTTEST if name.endswith("tau") else 0
            state[name] = torch.full(tensor.shape, start, dtype=dtype, device=like.device)
    return state


def _settle(network: nn.Module, inputs: Inputs) -> None:
    """The same step every time: the noise given, no dropout, running statistics not used by anything."""
    for name, ach in expansions(network).items():
        assert isinstance(ach.select, LearnedSelection)
        ach.select = GivenNoise(ach.select, inputs[f"{name}.noise"])
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
