"""The search itself: weights learn on one half of the data, by drawn networks, and logits on the other, by turns.

Logits wait for a third of the epochs, in which all candidates are drawn alike. Compared from the first step on, what
learns fast is drawn more and learns more, before what needs longer has shown anything: a planted Hardswish layer beside
a linear one and a blank was then found in 18 of 20 seeds, and in 15 where losses themselves were compared, not
gradients; after the wait in 20 by both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW

from impls.hadaptive.images.batches import shuffled
from impls.hadaptive.images.data import Images
from impls.hadaptive.search.annealing import temperature
from impls.hadaptive.search.mixed import comparing, logits_of, set_temperature, undecided, weights_of
from impls.hadaptive.search.settings import Settings
from impls.hadaptive.temperature import adapt_temperatures
from impls.hadaptive.training.accuracy import accuracy
from impls.hadaptive.training.noise import Noise
from opbench.errors import UsageError

WAITS = 3
"""Logits learn from epoch `epochs // WAITS` on, counted from 0."""


@dataclass(frozen=True)
class Epoch:
    """What one epoch was like. Losses are mean cross-entropies over its steps, in nats, of drawn networks."""

    number: int
    """From 1."""
    temperature: float
    weight_rate: float
    train_loss: float
    """Before each step of the weights, on their half."""
    validation_loss: float
    """On that of the logits, before each of their steps, of networks in eval; also while they wait."""
    confidence: float
    """Of the likeliest candidate after the epoch, mean over the layers."""
    confidences: list[list[float]]
    """Of every candidate after the epoch, layer by layer of those that have a choice."""


class Search:
    """A search over a module that holds `Mixed` layers, from nothing or from a `state`.

    make: builds the module; noise it draws is fixed by the seed.
    train, validation: images for the weights and for the logits; an epoch has as many steps of either as the shorter of
        the two has batches.
    workers: processes that read images, for each half; 0 reads them here.
    device: cpu or cuda.

    The same arguments on the same machine with the same number of threads give the same bits, on the CPU. PyTorch's
    global generator is left as it was. `model` is the module, `history` the epochs so far.
    Raises UsageError for a model without a choice, for fewer than two images, and for a loss that is not finite.
    """

    def __init__(
        self,
        make: Callable[[], nn.Module],
        train: Images,
        validation: Images,
        settings: Settings,
        *,
        device: str = "cpu",
        workers: int = 0,
    ) -> None:
        self.train, self.validation, self.settings = train, validation, settings
        self.device, self.workers = torch.device(device), workers
        self.history: list[Epoch] = []
        self._noise = Noise(self.device)
        with self._noise.seeded(settings.seed):
            self.model = make().to(self.device)
        self._weights, self._logits = weights_of(self.model), logits_of(self.model)
        if not self._logits:
            raise UsageError("nothing to search: no layer of the model has more than one candidate")
        decay = settings.weight_decay
        self._on_weights = AdamW(self._weights, lr=settings.weight_rate, weight_decay=decay, fused=True)
        self._on_logits = AdamW(self._logits, lr=settings.logit_rate, weight_decay=0.0, fused=True)

    def run(self, step: Callable[[int, int, int], None] = lambda *_: None) -> Iterator[Epoch]:
        """The epochs that are left, one at a time: whoever iterates may keep a checkpoint between them.

        step: told the epoch, from 1, and how many of its steps are done, of how many.
        """
        while len(self.history) < self.settings.epochs:
            epochs_done, settings = len(self.history), self.settings
            tau = temperature(settings.annealing, epochs_done, settings.epochs)
            rate = settings.weight_rate * (1 + math.cos(math.pi * epochs_done / settings.epochs)) / 2
            with self._noise.continued():
                losses = self._epoch(tau, rate, step)
            confidences = [choice.confidence for choice in undecided(self.model)]
            mean = math.fsum(map(max, confidences)) / len(confidences)
            self.history.append(Epoch(epochs_done + 1, tau, rate, *losses, mean, confidences))
            yield self.history[-1]

    def _epoch(self, tau: float, rate: float, step: Callable[[int, int, int], None]) -> tuple[float, float]:
        """One pass; returns both mean losses."""
        epochs_done, batch = len(self.history), self.settings.batch
        seed = (self.settings.seed, epochs_done)
        halves = [shuffled(images, batch, seed, self.workers) for images in (self.train, self.validation)]
        steps = min(map(len, halves))
        for group in self._on_weights.param_groups:
            group["lr"] = rate
        set_temperature(self.model, tau)
        learning = epochs_done >= self.settings.epochs // WAITS
        totals = torch.zeros(2, device=self.device)  # read once an epoch: reading each step would stop a GPU
        for at, (train, validation) in enumerate(zip(*halves, strict=False)):
            logits_step = self._logits_step if learning else self._validation_loss
            totals += torch.stack([self._weights_step(*train), logits_step(*validation)])
            step(epochs_done + 1, at + 1, steps)
        losses = (totals / steps).tolist()
        if not all(map(math.isfinite, losses)):
            raise UsageError(
                f"the losses became {losses} in epoch {epochs_done + 1}; expected finite ones: "
                f"search with a weight_rate below {self.settings.weight_rate:g}"
            )
        return losses[0], losses[1]

    def _weights_step(self, images: Tensor, classes: Tensor) -> Tensor:
        """Only what was drawn gets a gradient; AdamW passes over the rest, decay and momentum included."""
        self.model.train()
        self._on_weights.zero_grad(set_to_none=True)
        loss = self._loss(images, classes)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        if self.settings.weight_clip is not None:
            clip_grad_norm_(self._weights, self.settings.weight_clip)
        adapt_temperatures(self.model)
        self._on_weights.step()
        return loss.detach()

    def _logits_step(self, images: Tensor, classes: Tensor) -> Tensor:
        """In the mode of the settings, see `Settings.logits_mode`."""
        self.model.train(self.settings.logits_mode == "train")
        self._on_logits.zero_grad(set_to_none=True)
        with _held(self._weights), comparing(self.model):
            loss = self._loss(images, classes)
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(self._logits, self.settings.clip)
        self._on_logits.step()
        return loss.detach()

    @torch.no_grad()
    def _validation_loss(self, images: Tensor, classes: Tensor) -> Tensor:
        """What a step of the logits would see, without one."""
        self.model.train(self.settings.logits_mode == "train")
        with comparing(self.model):
            return self._loss(images, classes)

    def _loss(self, images: Tensor, classes: Tensor) -> Tensor:
        return cross_entropy(self.model(images.to(self.device)), classes.to(self.device))

    def accuracy(self, images: Images) -> float:
        """Share of images that the arg-max network classifies right, in eval, with the weights it shares."""
        return accuracy(self.model, images, self.settings.batch, self.device, self.workers)

    def state(self) -> dict[str, Any]:
        """All that the next epoch depends on, in tensors, numbers and plain containers; not the history."""
        return {
            "model": self.model.state_dict(),
            "on_weights": self._on_weights.state_dict(),
            "on_logits": self._on_logits.state_dict(),
            "noise": self._noise.state,
        }

    def restore(self, state: dict[str, Any], history: list[Epoch]) -> None:
        """Goes on from a `state` of the same model and settings; `checkpoint.resume` checks that first."""
        self.model.load_state_dict(state["model"])
        self._on_weights.load_state_dict(state["on_weights"])
        self._on_logits.load_state_dict(state["on_logits"])
        self._noise.state = state["noise"]
        self.history = list(history)


@contextmanager
def _held(parameters: list[nn.Parameter]) -> Iterator[None]:
    """Inside, these get no gradient, and nothing is computed or kept for one."""
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
