"""The sweep `network`, and the benchmark that holds it against an operator that costs nothing."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from benchmarks.kernels import network_bound
from impls.network.launches import network_of
from impls.network.variants import expansions
from opbench import catalog
from opbench.planning.plan import plan

from .points import NETWORKS, at


def test_on_a_cpu_every_network_runs_forward_and_trains_by_all_backends_of_a_cpu() -> None:
    tasks = plan(catalog.sweep("network"), "cpu", "wall")
    asked = Counter((task.point.operator, task.point.mode) for task in tasks)
    assert asked == {(name, mode): count for name in NETWORKS for mode, count in (("forward", 2), ("backward", 1))}
    for task in tasks:
        assert {case.backend for case in task.cases} == {"auto", "cpp_ext", "torch_eager", "torch_select"}


def test_on_a_gpu_the_papers_two_schedules_and_graphs_are_measured_too() -> None:
    tasks = plan(catalog.sweep("network"), "cuda", "cuda_events:warm")
    labels = {case.backend for task in tasks for case in task.cases}
    assert {"triton_jit:direct", "triton_jit:balanced", "cuda_graph", "torch_eager"} <= labels
    assert {task.point.axes["batch"] for task in tasks} == {1, 16, 64}


def test_the_free_network_gives_the_same_scores_and_computes_no_pair() -> None:
    point = at("hadaptive_s")
    inputs = catalog.operator(point.operator).inputs(point)
    network = network_of(point, inputs, "torch_eager")
    want = network(inputs["x"])
    network_bound.set_free(network, inputs["x"])
    assert torch.equal(network(inputs["x"]), want)
    assert not expansions(network)


@pytest.mark.parametrize(("ours_s", "share"), [(2.0, 1.0), (4.0, 0.0), (3.0, 0.5), (5.0, -0.5)])
def test_the_share_is_of_the_possible_saving(ours_s: float, share: float) -> None:
    samples = {"torch_eager": [4.0] * 7, "cpp_ext": [ours_s] * 7, "free": [2.0] * 7}
    assert network_bound.achieved(samples) == (share, share, share)


def test_noise_widens_the_shares_interval_around_it() -> None:
    samples = {name: [size + 0.01 * ((at * step) % 7 - 3) for at in range(42)] for name, size, step in NOISY}
    low, mid, high = network_bound.achieved(samples)
    assert low < mid < high
    assert mid == pytest.approx(0.75)


NOISY = (("torch_eager", 4.0, 1), ("cpp_ext", 2.5, 2), ("free", 2.0, 3))
