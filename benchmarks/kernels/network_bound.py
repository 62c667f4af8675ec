"""How much of what could be saved the networks do save: ours against eager, and against an operator that costs nothing.

    python -m benchmarks.kernels.network_bound [hadaptive_s ...]

Eval forward, batch 1, 224x224, two threads on the CPU. Three networks with the same parameters take turns sample by
sample in one process: eager pairs (`torch_eager`), our best (`cpp_ext`), and one whose selection, pairs, normaliser and
concatenation are replaced by an output that lies ready. No operator can save more than the last does, so

    achieved = (eager - ours) / (eager - free)

Its interval is the bootstrap over rounds, in which the three were measured side by side.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor, nn

from benchmarks.pinned import run_pinned

if TYPE_CHECKING:
    from impls.hadaptive.ach import ACH
    from impls.hadaptive.network import HadaptiveNet
    from opbench import Launch

NETWORKS = ("hadaptive_s", "hadaptive_m", "hadaptive_l")
EAGER, OURS, FREE = "torch_eager", "cpp_ext", "free"
THREADS, BUDGET_S, RESAMPLES = 2, 15.0, 2000
WANTED = 0.8


class Free(nn.Module):
    """An ACH after whose convolution nothing is computed: the output is that of an earlier call."""

    def __init__(self, ach: ACH, output: Tensor) -> None:
        super().__init__()
        self.mix, self.output = ach.mix, output

    def forward(self, x: Tensor) -> Tensor:
        self.mix(x)
        return self.output


def set_free(network: HadaptiveNet, x: Tensor) -> None:
    """Replaces every ACH by a Free one that returns what the ACH made of `x`."""
    from impls.network.variants import expansions

    found: dict[str, Tensor] = {}
    modules = expansions(network)
    hooks = [
        one.register_forward_hook(lambda _, __, y, name=name: found.update({name: y})) for name, one in modules.items()
    ]
    network(x)
    for hook in hooks:
        hook.remove()
    for name, one in modules.items():
        network.set_submodule(name, Free(one, found[name]))


def launches(operator: str) -> dict[str, Launch]:
    """The three networks on the operator's own image, by name; the free one is proven to give eager's scores."""
    from functools import partial

    import torch

    from impls.network.launches import network_of
    from opbench import Point, catalog

    found = catalog.operator(operator)
    point = Point(operator, found.complete({"batch": 1, "edge": 224}))
    inputs = found.inputs(point)
    networks = {name: network_of(point, inputs, name) for name in (EAGER, OURS)}
    networks[FREE] = network_of(point, inputs, EAGER)
    set_free(networks[FREE], inputs["x"])
    want = networks[EAGER](inputs["x"])
    for network in networks.values():
        torch.testing.assert_close(network(inputs["x"]), want, rtol=1e-4, atol=1e-4)
    return {name: partial(network, inputs["x"]) for name, network in networks.items()}


def measured(operator: str) -> Mapping[str, Sequence[float]]:
    """Seconds per call, round by round."""
    from opbench.measure.timing.sampler import measure
    from opbench.measure.timing.stopping import Precision
    from opbench.measure.timing.wall import WallClock

    found = measure(launches(operator), WallClock(), lambda: Precision(target=0.002, budget_s=BUDGET_S))
    return {name: samples.samples_s for name, samples in found.items()}


def achieved(samples: Mapping[str, Sequence[float]]) -> tuple[float, float, float]:
    """low, mid, high of the share of the possible saving, each from medians over the same rounds."""
    rounds = np.asarray([samples[name] for name in (EAGER, OURS, FREE)])
    draws = np.random.default_rng(0).integers(0, rounds.shape[1], (RESAMPLES, rounds.shape[1]))
    eager, ours, free = np.median(rounds[:, draws], axis=2)
    low, high = np.quantile((eager - ours) / (eager - free), (0.025, 0.975))
    eager_s, ours_s, free_s = np.median(rounds, axis=1)
    return float(low), float((eager_s - ours_s) / (eager_s - free_s)), float(high)


def line(operator: str) -> str:
    from opbench.vocabulary.interval import median_interval

    samples = measured(operator)
    times = {name: median_interval(one) for name, one in samples.items()}
    low, mid, high = achieved(samples)
    ratios = "   ".join(
        f"{one.mid:.3f} [{one.low:.3f}, {one.high:.3f}]"
        for one in (times[EAGER].over(times[key]) for key in (OURS, FREE))
    )
    medians = "  ".join(f"{times[name].mid * 1e3:7.3f}" for name in (EAGER, OURS, FREE))
    verdict = "" if mid >= WANTED else f"   BELOW {WANTED:.0%}"
    share = f"{mid:4.0%} [{low:.0%}, {high:.0%}] of {len(samples[FREE])} rounds{verdict}"
    return f"{operator:12} {medians}   {ratios}   {share}"


def main() -> None:
    import torch

    from opbench.errors import unknown

    torch.set_num_threads(THREADS)
    asked = sys.argv[1:] or list(NETWORKS)
    for name in asked:
        if name not in NETWORKS:
            raise unknown("operator", name, NETWORKS)
    print(f"{THREADS} threads, torch {torch.__version__}; float32, batch 1, 224x224, medians in ms, 95 % intervals")
    print(f"{'':12} {EAGER:>7} {OURS:>7} {FREE:>7}   eager over ours        eager over free (bound)   achieved")
    for name in asked:
        print(f"[measuring {name}, {BUDGET_S * 3:.0f} s]", file=sys.stderr, flush=True)
        print(line(name), flush=True)


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.network_bound", main)
