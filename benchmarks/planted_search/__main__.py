"""Does the search find what is planted, how often, and what does its estimator cost?

    python -m benchmarks.planted_search                                  # five minutes on one quiet core
    python -m benchmarks.planted_search --estimator drawn,reinmax --toys trained-3,frozen-4 --seeds 5

A line for each estimator of `estimators.ESTIMATORS` and toy of `toys.TOYS`: in how many of the seeds (of their layers,
where there are several) the planted candidate has the highest logit, seconds for all of them, and the cost, time of a
step of the logits over that of running the drawn candidate alone. Then the same cost in a layer of Hadaptive-Net-S,
large enough to matter. Times are the processor's, on one thread, so that other work changes them little.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from benchmarks.planted_search.estimators import ESTIMATORS, DrawnAlone
from benchmarks.planted_search.toys import TOYS, MixedLayer, found
from impls.hadaptive.config import GhostBottleneck, HadaBottleneck, Layer
from impls.hadaptive.images.digits import Labelled
from impls.hadaptive.network import built
from impls.hadaptive.search.gdas import Search
from impls.hadaptive.search.settings import Settings
from opbench.errors import unknown

ROUNDS, STEPS = 15, 4
"""Rounds in which two searches take turns, and steps of either in each."""
CHANNELS, EDGE, BATCH, CLASSES = 96, 14, 8, 10
"""Of the layer from S, as an image of 224 pixels reaches it."""


def cost(step: Callable[[], object], reference: Callable[[], object]) -> float:
    """Processor time of the one over that of the other, median of rounds."""
    ratios = []
    for _ in range(ROUNDS):
        seconds = []
        for call in (step, reference):
            started = time.process_time()
            for _ in range(STEPS):
                call()
            seconds.append(time.process_time() - started)
        ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios)


def logits_step(search: Search) -> Callable[[], Tensor]:
    x, classes = _batch(search)
    return lambda: search._logits_step(x, classes)  # noqa: SLF001  (a step, which nobody else wants alone)


def both_steps(search: Search) -> Callable[[], Tensor]:
    x, classes = _batch(search)
    return lambda: search._weights_step(x, classes) + search._logits_step(x, classes)  # noqa: SLF001


def _batch(search: Search) -> tuple[Tensor, Tensor]:
    images = search.validation
    assert isinstance(images, Labelled)
    count = search.settings.batch
    return images.images[:count], torch.tensor(images.labels[:count])


def layer_search(mixed: MixedLayer) -> Search:
    """Over one layer of S at full size: three kernels of Ghost, of ACH with 16 and with 32 channels, and a blank."""

    def make() -> nn.Module:
        layers: list[Layer] = [
            *(GhostBottleneck(CHANNELS, 2.0, kernel) for kernel in (3, 5, 7)),
            *(HadaBottleneck(CHANNELS, k, kernel) for k in (16, 32) for kernel in (3, 5, 7)),
        ]
        modules = [*(built(layer, CHANNELS) for layer in layers), nn.Identity()]
        return nn.Sequential(
            nn.Conv2d(CHANNELS, CHANNELS, 1),
            mixed(modules),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(CHANNELS, CLASSES),
        )

    images = Labelled(torch.randn(BATCH, CHANNELS, EDGE, EDGE), torch.arange(BATCH) % CLASSES)
    return Search(make, images, images, Settings(batch=BATCH))


def toy_line(name: str, estimator: str, seeds: int) -> str:
    toy, mixed, started = TOYS[name], ESTIMATORS[estimator], time.process_time()
    right = 0
    for seed in range(seeds):
        places = found(toy.search(seed, mixed))
        right += sum(place == planted for place, planted in zip(places, toy.planted(seed), strict=True))
    seconds, layers = time.process_time() - started, seeds * len(toy.layers)
    ratio = cost(logits_step(toy.search(0, mixed)), logits_step(toy.search(0, DrawnAlone)))
    return f"{estimator:10} {name:14} {right:3} of {layers:<3} {seconds:5.0f} s  {ratio:5.2f}x   {toy.about}"


def layer_line(estimator: str) -> str:
    ours, drawn = layer_search(ESTIMATORS[estimator]), layer_search(DrawnAlone)
    logits, both = cost(logits_step(ours), logits_step(drawn)), cost(both_steps(ours), both_steps(drawn))
    return f"{estimator:10} layer of S: a step of the logits {logits:.2f}x, with one of the weights {both:.2f}x"


def _asked(text: str | None, what: str, known: Mapping[str, object]) -> list[str]:
    names = list(known) if text is None else text.split(",")
    for name in names:
        if name not in known:
            raise unknown(what, name, known)
    return names


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--estimator", default="all")
    parser.add_argument("--toys")
    parser.add_argument("--seeds", type=int, default=20)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    estimators = _asked(asked.estimator, "estimator", ESTIMATORS)
    toys = _asked(asked.toys, "toy", TOYS)
    print(f"{'estimator':10} {'toy':14} {'found':>6}       time   cost    planted; beside it", flush=True)
    for estimator in estimators:
        for name in toys:
            print(toy_line(name, estimator, asked.seeds), flush=True)
        print(layer_line(estimator), flush=True)


if __name__ == "__main__":
    main()
