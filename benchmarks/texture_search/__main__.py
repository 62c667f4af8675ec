"""Candidates that are known to differ, and what a search makes of them.

    python -m benchmarks.texture_search [--seeds 0,1,2,3,4] [--only alone]    # seven minutes on one quiet core

First every candidate alone, as the only layer of a small network, trained on as many images as a search trains weights
on, for half of its epochs: accuracy on test images, mean over seeds with its 95 % interval. Then the search over the
four, a line a seed: the confidence in each.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping

import torch

from benchmarks.texture_search.textures import CHANNELS, textures
from impls.hadaptive.ablation.estimates import in_percent
from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck
from impls.hadaptive.images.data import DataSet
from impls.hadaptive.search.gdas import Search
from impls.hadaptive.search.result import halves
from impls.hadaptive.search.settings import Settings as SearchSettings
from impls.hadaptive.search.space import Candidate, Place, Space
from impls.hadaptive.search.supernet import SuperNet
from impls.hadaptive.training.loop import Training
from impls.hadaptive.training.progress import Silent
from impls.hadaptive.training.settings import Settings
from opbench.vocabulary.student import mean_interval

CANDIDATES: Mapping[str, Candidate] = {
    "ACH, fixed pairs": HadaBottleneck(CHANNELS, k=CHANNELS, selection="fixed"),
    "ACH": HadaBottleneck(CHANNELS, k=CHANNELS),
    "Ghost": GhostBottleneck(CHANNELS, ratio=2.0),
    "blank": None,
}
"""Of the published ACH the order of the chosen channels, and so the place of a pair, is another in every image."""

STEM, WIDTH = Convolution(CHANNELS, activation=False), 16
TRAINING, TESTING = 8000, 1000
"""Images. A search trains weights on half of the first; so does a candidate alone."""
EPOCHS, BATCH, RATE = 12, 32, 3e-3


def space(*names: str) -> Space:
    """The stem and one layer of these candidates; the layer is left out where its one candidate is the blank."""
    candidates = tuple(CANDIDATES[name] for name in names)
    places = () if candidates == (None,) else (Place(candidates),)
    return Space((Place((STEM,)), *places), width=WIDTH, hidden=WIDTH, dropout=0.0)


def alone(name: str, data: DataSet, seed: int) -> float:
    """Accuracy on the test images, 0 to 1, of the network with this candidate."""
    train, _ = halves(data.train, seed)
    half = DataSet(data.name, data.classes, data.channels, data.edge, train, data.test)
    training = Training(space(name).full, half, Settings(EPOCHS, BATCH, RATE, seed=seed))
    for _ in training.run(Silent()):
        pass
    return training.history[-1].accuracy


def searched(data: DataSet, seed: int) -> Search:
    """A search over all candidates, run to its end."""

    def make() -> SuperNet:
        return SuperNet(space(*CANDIDATES), num_classes=len(data.classes), in_chans=data.channels)

    settings = SearchSettings(epochs=2 * EPOCHS, batch=BATCH, weight_rate=RATE, logit_rate=0.01, seed=seed)
    search = Search(make, *halves(data.train, seed), settings)
    for _ in search.run():
        pass
    return search


def search_line(search: Search, seconds: float) -> str:
    model = search.model
    assert isinstance(model, SuperNet)
    shares = dict(zip(CANDIDATES, model.confidences[1], strict=True))
    listed = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    return f"seed {search.settings.seed}: {max(shares, key=shares.__getitem__)}   ({listed}; {seconds:.0f} s)"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--only", choices=("alone", "search"))
    asked = parser.parse_args()
    seeds = [int(seed) for seed in asked.seeds.split(",")]
    torch.set_num_threads(1)
    data = textures(TRAINING, TESTING)
    print(f"{data.described}: {TRAINING} to train on, {TESTING} to test on", flush=True)
    for name in () if asked.only == "search" else CANDIDATES:
        accuracies = [alone(name, data, seed) for seed in seeds]
        listed = ", ".join(f"{accuracy:.1%}" for accuracy in accuracies)
        print(f"{name:16} alone: {in_percent(mean_interval(accuracies))} %   ({listed})", flush=True)
    for seed in () if asked.only == "alone" else seeds:
        started = time.process_time()
        print(search_line(searched(data, seed), time.process_time() - started), flush=True)


if __name__ == "__main__":
    main()
