"""The training loop: AdamW on cross-entropy, one epoch after another, each a function of what a checkpoint holds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from impls.hadaptive.config import NetworkConfig
from impls.hadaptive.images.batches import shuffled
from impls.hadaptive.images.data import DataSet
from impls.hadaptive.network import HadaptiveNet, build
from impls.hadaptive.temperature import Temperature, adapt_before_steps
from impls.hadaptive.training.accuracy import accuracy
from impls.hadaptive.training.noise import Noise
from impls.hadaptive.training.progress import Progress
from impls.hadaptive.training.settings import PRECISIONS, Settings, factor
from opbench.errors import UsageError


@dataclass(frozen=True)
class Epoch:
    """What one epoch brought."""

    number: int
    """From 1."""
    loss: float
    """Mean cross-entropy over the training steps, in nats."""
    accuracy: float
    """On the test images, after the epoch: 0 to 1."""
    seconds: float
    """Training and testing."""
    temperatures: tuple[float, ...]
    """Tau of every ACH module that has one, in the network's order."""


class ModuleTraining:
    """A classifier on its way, from nothing or from a checkpoint's `state`.

    make: builds the module, images (B, C, H, W) to scores (B, classes); noise it draws is fixed by the seed.
    The same arguments on the same machine with the same number of threads give the same bits, on the CPU. Noise is
    drawn from a stream of its own, so nothing that happens between epochs changes a result, nor does an epoch change
    PyTorch's global generator for others.
    workers: processes that read images; 0 reads them here.
    Raises UsageError where the loss stops being finite.
    """

    network: nn.Module

    def __init__(
        self, make: Callable[[], nn.Module], data: DataSet, settings: Settings, *, device: str = "cpu", workers: int = 0
    ) -> None:
        self.data, self.settings, self.device, self.workers = data, settings, torch.device(device), workers
        self.history: list[Epoch] = []
        self._noise = Noise(self.device)
        with self._noise.seeded(settings.seed):
            self.network = make().to(self.device)
        self.optimizer = AdamW(
            self.network.parameters(), lr=settings.rate, weight_decay=settings.decay, fused=True
        )  # fused: hundreds of small tensors in one call
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=settings.precision == "float16")
        adapt_before_steps(self.optimizer, self.network)

    def run(self, progress: Progress) -> Iterator[Epoch]:
        """The epochs that are left, one at a time: whoever iterates may keep a checkpoint between them."""
        while len(self.history) < self.settings.epochs:
            started = time.perf_counter()
            with self._noise.continued():
                loss = self._train(progress)
            right = self._test()
            taus = tuple(float(module.tau) for module in self.network.modules() if isinstance(module, Temperature))
            epoch = Epoch(len(self.history) + 1, loss, right, time.perf_counter() - started, taus)
            self.history.append(epoch)
            progress.finished(epoch.number, epoch.loss, epoch.accuracy, epoch.seconds)
            yield epoch

    def _train(self, progress: Progress) -> float:
        """One epoch; returns its mean loss."""
        epochs_done, settings = len(self.history), self.settings
        batches = shuffled(self.data.train, settings.batch, (settings.seed, epochs_done), self.workers)
        steps = len(batches)
        self.network.train()
        total = torch.zeros((), device=self.device)  # read once an epoch: reading it each step would stop a GPU
        for at, (images, labels) in enumerate(batches):
            rate = settings.rate * factor(epochs_done * steps + at, settings.epochs * steps, settings.warm_up)
            total += self._step(images.to(self.device), labels.to(self.device), rate)
            progress.step(epochs_done + 1, at + 1, steps)
        loss = float(total) / steps
        if not math.isfinite(loss):
            raise UsageError(
                f"the loss became {loss} in epoch {epochs_done + 1} at learning rate {settings.rate} in "
                f"{settings.precision}; expected a finite one: try a lower --lr, or --precision float32"
            )
        return loss

    def _step(self, images: Tensor, labels: Tensor, rate: float) -> Tensor:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with self._precision():
            loss = nn.functional.cross_entropy(self.network(images), labels)
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.scaler.unscale_(self.optimizer)  # before the step, whose hook gives true gradients to Algorithm 1
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.detach()

    def _test(self) -> float:
        with self._precision():
            return accuracy(self.network, self.data.test, self.settings.batch, self.device, self.workers)

    def _precision(self) -> torch.autocast:
        dtype = PRECISIONS[self.settings.precision]
        return torch.autocast(self.device.type, dtype, enabled=dtype != torch.float32)

    def state(self) -> dict[str, Any]:
        """All that the next epoch depends on, in tensors, numbers and plain containers; not the history."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "noise": self._noise.state,
        }

    def restore(self, state: dict[str, Any], history: list[Epoch]) -> None:
        """Goes on from a `state` of the same network and settings; `checkpoint.resume` checks that first."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self._noise.state = state["noise"]
        self.history = list(history)


class Training(ModuleTraining):
    """A Hadaptive-Net on its way: `ModuleTraining` of the network of a configuration.

    Raises UsageError for images smaller than the network's strides allow, beside its errors.
    """

    network: HadaptiveNet

    def __init__(
        self,
        config: NetworkConfig,
        data: DataSet,
        settings: Settings,
        *,
        device: str = "cpu",
        backend: str = "auto",
        workers: int = 0,
    ) -> None:
        if data.edge < config.reduction:
            raise UsageError(
                f"{data.described} is too small: the network's strides divide edges by {config.reduction}; "
                f"expected images of at least {config.reduction}x{config.reduction} (--edge)"
            )

        def make() -> HadaptiveNet:
            return build(config, len(data.classes), data.channels, backend)

        super().__init__(make, data, settings, device=device, workers=workers)
