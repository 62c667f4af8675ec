"""The sweep `bottlenecks` has every block of the networks, in both layouts, and the benchmark each once."""

from __future__ import annotations

from benchmarks.kernels.bottlenecks_cpu import NETWORKS, points
from impls.bottlenecks.networks import bottlenecks_of
from opbench import Axes, catalog
from opbench.planning.plan import plan


def of_networks() -> set[tuple[str, Axes]]:
    parts = [part for name in NETWORKS for part in bottlenecks_of(name, {"batch": 1, "edge": 224})]
    return {(part.operator, part.axes) for part in parts}


def test_every_block_of_the_networks_is_measured_in_both_layouts() -> None:
    asked = {(task.point.operator, task.point.axes) for task in plan(catalog.sweep("bottlenecks"), "cpu", "wall")}
    for layout in ("channels_last", "channels_first"):
        wanted = {(operator, Axes({**axes, "layout": layout})) for operator, axes in of_networks()}
        assert wanted <= asked


def test_the_benchmark_has_each_shape_once() -> None:
    found = [(point.operator, point.axes) for point in points(list(NETWORKS), 0)]
    assert len(found) == len(set(found))
    assert set(found) == of_networks()


def test_a_network_has_as_many_bottlenecks_as_its_configuration() -> None:
    counts = {name: sum(part.count for part in bottlenecks_of(name, {"batch": 1, "edge": 224})) for name in NETWORKS}
    assert counts == {"hadaptive_s": 11, "hadaptive_m": 14, "hadaptive_l": 20}
