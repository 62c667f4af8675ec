"""Random numbers of one training's or search's own, whatever others draw between its epochs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import torch
from torch import Tensor

State: TypeAlias = dict[str, Tensor]
"""Of PyTorch's generators, `cpu` and, on a GPU, `cuda`: what a checkpoint keeps."""


class Noise:
    """A stream from a seed on, of the CPU's generator and of the device's. Outside, they are as they were."""

    state: State

    def __init__(self, device: torch.device) -> None:
        self._devices: list[int] = []
        if device.type == "cuda":
            self._devices = [torch.cuda.current_device() if device == torch.device("cuda") else device.index]

    @contextmanager
    def seeded(self, seed: int) -> Iterator[None]:
        """Within, PyTorch's global generators start from the seed; the stream goes on from where they are left."""
        with torch.random.fork_rng(self._devices):
            torch.manual_seed(seed)
            yield
            self.state = self._drawn()

    @contextmanager
    def continued(self) -> Iterator[None]:
        """Within, PyTorch's global generators are where the stream was left."""
        with torch.random.fork_rng(self._devices):
            torch.set_rng_state(self.state["cpu"])
            for at in self._devices:
                torch.cuda.set_rng_state(self.state["cuda"], at)
            yield
            self.state = self._drawn()

    def _drawn(self) -> State:
        states = {"cpu": torch.get_rng_state()}
        for at in self._devices:
            states["cuda"] = torch.cuda.get_rng_state(at)
        return states
