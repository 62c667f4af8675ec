"""Work is what both counters count, what the paper's table says, and what autograd's own steps cost."""

from __future__ import annotations

import math
from typing import Any

import pytest
from torch.utils._python_dispatch import TorchDispatchMode

from impls.hadaptive.counting import trainable
from impls.network.launches import launch_of, network_of
from opbench import catalog
from opbench.counting.count import count, counts_of
from opbench.errors import UsageError

from .points import MODES, NETWORKS, at

TABLE = {"hadaptive_s": 130_994_400, "hadaptive_m": 338_702_668, "hadaptive_l": 668_915_192}
"""Convolution and linear MACs at 224x224 and 100 classes, the convolution over channel means among them."""


@pytest.mark.parametrize(("name", "batch", "edge"), [("hadaptive_s", 1, 224), *((name, 3, 101) for name in NETWORKS)])
def test_both_counters_agree_with_the_definition(name: str, batch: int, edge: int) -> None:
    operator, point = catalog.operator(name), at(name, device="meta", batch=batch, edge=edge)
    want = counts_of(operator.work(point))
    assert count(operator.eager(point), operator.inputs(point)) == {"fvcore": want, "torch": want}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_macs_at_224_are_the_tables(name: str) -> None:
    assert catalog.operator(name).work(at(name, batch=1, edge=224)).macs == TABLE[name]


class Multiplying(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """MACs of the convolutions and matrix products that autograd really runs, each from its own tensors.

    torch's FlopCounterMode takes a depthwise convolution's gradients for those of a full one.
    """

    macs = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        found = func(*args, **(kwargs or {}))
        name = func.name().partition(".")[0]
        if name == "aten::convolution":
            self.macs += found.numel() * args[1][0].numel()
        elif name == "aten::convolution_backward":
            self.macs += args[0].numel() * args[2][0].numel() * sum(args[-1][:2])
        elif name in {"aten::mm", "aten::addmm"}:
            self.macs += found.numel() * args[-2].shape[1]
        return found


@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_steps_macs_are_those_of_autograds_own_operators(name: str) -> None:
    operator, point = catalog.operator(name), at(name, "backward", batch=2, edge=131)
    inputs = operator.inputs(point)
    network = network_of(point, inputs, "auto", written=True)
    with Multiplying() as counter:  # type: ignore[no-untyped-call]  # torch leaves it untyped
        launch_of(point, inputs, network, network)()
    work = operator.work(point)
    assert work.macs - 2 * work.products == counter.macs


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("float64", 8)])
def test_bytes_are_those_of_the_inputs_and_of_what_is_computed(mode: str, dtype: str, size: int) -> None:
    operator, point = catalog.operator("hadaptive_s"), at("hadaptive_s", mode, dtype)
    inputs = operator.inputs(point)
    work = operator.work(point)
    assert work.bytes_read == size * sum(one.numel() for one in inputs.values())
    outputs = 100 if mode == "forward" else trainable(network_of(point, inputs, "auto"))
    assert work.bytes_written == size * outputs


@pytest.mark.parametrize("name", NETWORKS)
def test_work_grows_with_the_batch_alone_but_for_the_weights(name: str) -> None:
    one, five = (catalog.operator(name).work(at(name, batch=batch, edge=101)) for batch in (1, 5))
    assert (five.macs, five.products, five.elementwise) == (5 * one.macs, 5 * one.products, 5 * one.elementwise)
    assert five.bytes_read - one.bytes_read == 4 * math.prod((4, 3, 101, 101))


@pytest.mark.parametrize(("name", "least"), [("hadaptive_s", 32), ("hadaptive_m", 32), ("hadaptive_l", 64)])
def test_an_image_smaller_than_the_strides_names_the_least_edge(name: str, least: int) -> None:
    operator = catalog.operator(name)
    assert operator.complete({"edge": least})["edge"] == least
    with pytest.raises(
        UsageError, match=f"axis 'edge' of operator '{name}' is {least - 1}; expected an integer >= {least}"
    ):
        operator.complete({"edge": least - 1})


def test_a_training_step_without_statistics_is_refused() -> None:
    with pytest.raises(UsageError, match="needs two values per channel in the last map; ask for a batch of 2"):
        catalog.operator("hadaptive_s").inputs(at("hadaptive_s", "backward", batch=1, edge=32))
