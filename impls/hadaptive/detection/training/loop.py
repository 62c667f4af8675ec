"""The training loop: SGD on focal loss and smooth L1, each epoch a function of what a checkpoint holds."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor
from torch.optim import SGD

from impls.hadaptive.detection.model.anchors import anchors
from impls.hadaptive.detection.model.detector import detector
from impls.hadaptive.detection.model.loss import losses
from impls.hadaptive.detection.model.suppression import kernel_is_built
from impls.hadaptive.detection.training.batches import shuffled, steps_in
from impls.hadaptive.detection.training.validation import validate
from impls.hadaptive.temperature import adapt_before_steps
from impls.hadaptive.training.noise import Noise
from opbench.errors import UsageError

if TYPE_CHECKING:
    from impls.hadaptive.detection.data.target import Target
    from impls.hadaptive.detection.training.settings import Settings
    from impls.hadaptive.detection.training.sources import DetectionData


@dataclass(frozen=True)
class Epoch:
    """What one epoch brought."""

    number: int
    """From 1."""
    class_loss: float
    """Mean focal loss over the steps, by matched anchor."""
    box_loss: float
    """Mean smooth L1 loss over the steps, by matched anchor."""
    map_50: float | None
    """COCO's average precision at an overlap of 0.5 on the test images, 0 to 1; None after an epoch without a test."""
    map_50_95: float | None
    """The same, mean over overlaps of 0.5 to 0.95."""
    mean_iou: float | None
    """As `evaluation.operating_point` defines it."""
    seconds: float
    """Training and testing."""
    processor_seconds: float
    """The same of all threads of this process together."""


class Steps(Protocol):
    def step(self, epoch: int, done: int, steps: int, /) -> None: ...


class DetectorTraining:
    """A detector on its way, from nothing or from a checkpoint's `state`.

    The same arguments on the same machine with the same number of threads give the same bits, on the CPU: weights and
    the noise of the channels' selection come from a stream of their own, images and their changes from the seed and the
    epoch. Algorithm 1 moves the temperatures of ACH before every step, as in training a classifier.
    every: epochs between two tests; the last epoch is tested in any case. It changes no other figure.
    Raises UsageError where the loss stops being finite.
    """

    def __init__(
        self,
        backbone: str,
        head: str,
        data: DetectionData,
        settings: Settings,
        *,
        device: str = "cpu",
        every: int = 1,
    ) -> None:
        if every < 1:
            raise UsageError(f"a test every {every} epochs; expected at least 1")
        self.backbone, self.head, self.data, self.settings = backbone, head, data, settings
        self.device, self.every = torch.device(device), every
        self.steps = steps_in(data.train, settings.batch)
        self.history: list[Epoch] = []
        self._noise = Noise(self.device)
        with self._noise.seeded(settings.seed):
            made = detector(backbone, len(data.classes), head=head)
        self.network = made.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # not stubbed
        self.optimizer = SGD(
            self.network.parameters(), settings.rate, settings.momentum, weight_decay=settings.decay, fused=True
        )  # fused: hundreds of small tensors in one call
        adapt_before_steps(self.optimizer, self.network)

    def run(self, progress: Steps) -> Iterator[Epoch]:
        """The epochs that are left, one at a time: whoever iterates may keep a checkpoint between them, or stop."""
        kernel_is_built()  # which may take a minute, and is better known before an epoch than after it
        while len(self.history) < self.settings.epochs:
            started, spent = time.perf_counter(), time.process_time()
            with self._noise.continued():
                class_loss, box_loss = self._train(progress)
            tested = self._tested()
            seconds, processor = time.perf_counter() - started, time.process_time() - spent
            epoch = Epoch(len(self.history) + 1, class_loss, box_loss, *tested, seconds, processor)
            self.history.append(epoch)
            yield epoch

    def _train(self, progress: Steps) -> tuple[float, float]:
        """One epoch; returns its mean losses."""
        settings, done = self.settings, len(self.history)
        self.network.train()
        total = torch.zeros(2, device=self.device)  # read once an epoch: reading it each step would stop a GPU
        batches = shuffled(self.data.train, settings.size, settings.batch, (settings.seed, done))
        for at, (images, targets) in enumerate(batches):
            rate = settings.rate_at(done * self.steps + at, settings.epochs * self.steps)
            total += self._step(images.to(self.device, memory_format=torch.channels_last), targets, rate)
            progress.step(done + 1, at + 1, self.steps)
        class_loss, box_loss = (total / self.steps).tolist()
        if not math.isfinite(class_loss + box_loss):
            raise UsageError(
                f"the loss became {class_loss + box_loss} in epoch {done + 1} at learning rate {settings.rate}; "
                "expected a finite one: try a lower --lr"
            )
        return class_loss, box_loss

    def _step(self, images: Tensor, targets: list[Target], rate: float) -> Tensor:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        logits, offsets = self.network(images)
        found = losses(logits, offsets, anchors(self.settings.size), targets)
        self.optimizer.zero_grad()
        found.total.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.optimizer.step()
        return torch.stack([found.classes.detach(), found.boxes.detach()])

    def _tested(self) -> tuple[float | None, float | None, float | None]:
        number, settings = len(self.history) + 1, self.settings
        if number % self.every and number < settings.epochs:
            return None, None, None
        found = validate(self.network, self.data.test, settings.size, settings.batch, self.device)
        return found.map_50, found.map_50_95, found.mean_iou

    def state(self) -> dict[str, Any]:
        """All that the next epoch depends on, in tensors, numbers and plain containers; not the history."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "noise": self._noise.state,
        }

    def restore(self, state: dict[str, Any], history: list[Epoch]) -> None:
        """Goes on from a `state` of the same network and settings; `checkpoint.resume` checks that first."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self._noise.state = state["noise"]
        self.history = list(history)
