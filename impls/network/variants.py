"""Which network an operator is, and what its state is called."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import nn

from impls.hadaptive.ach import ACH
from impls.hadaptive.network import HadaptiveNet
from impls.hadaptive.variants import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from impls.hadaptive.config import NetworkConfig

CLASSES = 100

PARAMETERS = {"hadaptive_s": 2_102_632, "hadaptive_m": 3_096_228, "hadaptive_l": 6_110_638}
"""Those that train, for listings: nobody should have to build a network to print its size."""

NOT_INPUTS = ("num_batches_tracked", "temperature.tau", "temperature.last_norm")
"""State that no result depends on, or that never moves here: tau stays at its start of 4."""

STATISTICS = ("running_mean", "running_var")


def config_of(operator: str) -> NetworkConfig:
    """Of the operators `hadaptive_s`, `hadaptive_m` and `hadaptive_l`."""
    return VARIANTS[operator.replace("hadaptive_", "hadaptive_net_")]


def skeleton(operator: str, backend: str = "auto") -> HadaptiveNet:
    """The network on device `meta`: shapes and no values, built without drawing any."""
    with torch.device("meta"):
        return HadaptiveNet(config_of(operator), num_classes=CLASSES, backend=backend)


@lru_cache(maxsize=8)
def state_shapes(operator: str, *, training: bool) -> Mapping[str, tuple[int, ...]]:
    """Shape of every parameter and, outside training, of every running statistic, by its name in `state_dict`."""
    left_out = NOT_INPUTS + (STATISTICS if training else ())
    state = skeleton(operator).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items() if not name.endswith(left_out)}


def expansions(network: nn.Module) -> dict[str, ACH]:
    """The ACH modules by their name in the network, in order."""
    return {name: module for name, module in network.named_modules() if isinstance(module, ACH)}


@lru_cache(maxsize=8)
def selecting(operator: str) -> Mapping[str, int]:
    """Channels of every ACH module by its name."""
    return {name: ach.channels for name, ach in expansions(skeleton(operator)).items()}
