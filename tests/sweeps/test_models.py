"""The sweep of models asks what its tables need: every model, every runtime, and the operators inside them."""

from __future__ import annotations

from opbench import catalog
from opbench.planning.plan import plan
from sweeps.models import NETWORKS, OTHERS, PUBLISHED, SWEEP, THREADS

CPU = plan(SWEEP, "cpu", "wall:led")


def asked(operator: str, **axes: int) -> set[str]:
    """Backends asked for at the operator's points that have these axes."""
    return {
        case.backend
        for task in CPU
        for case in task.cases
        if task.point.operator == operator and all(task.point.axes[name] == value for name, value in axes.items())
    }


def test_it_asks_for_every_model_there_is() -> None:
    zoo = {name for name, package in catalog.operators().items() if package == "impls.zoo"}
    assert set(OTHERS) == zoo
    detectors = {"ssd_hadaptive_s", "ssd_mobilenetv3_small_100"}
    assert {task.point.operator for task in CPU} == {*OTHERS, *NETWORKS, *detectors, "ach_select_expand"}
    assert all(asked(name) == {"torch_eager", "ort_stock", "openvino"} for name in OTHERS)


def test_a_detector_is_asked_for_scores_and_for_boxes_as_in_their_own_sweep() -> None:
    detectors = [task for task in CPU if task.point.operator.startswith("ssd_")]
    assert len(detectors) == 2 * 2
    own = {case.key for task in plan(catalog.sweep("detectors"), "cpu", "wall:led") for case in task.cases}
    assert {case.key for task in detectors for case in task.cases} < own


def test_the_largest_network_has_the_papers_schedules_beside_ours() -> None:
    assert asked("hadaptive_l", batch=1, threads=2) == {
        *PUBLISHED,
        "torch_eager",
        "cpp_ext",
        "ort_stock",
        "ort_custom",
        "openvino",
        "fused",
        "ort_fused",
    }


def test_every_operator_inside_a_network_is_measured_where_the_network_is() -> None:
    measured = {(task.point.operator, task.point.axes) for task in CPU}
    parts = [
        (part.operator, part.axes)
        for name in NETWORKS
        for threads in THREADS
        for part in catalog.operator(name).parts(catalog.operator(name).complete({"threads": threads}))
    ]
    assert len(parts) == 2 * (2 + 4 + 6)
    assert [one for one in parts if one not in measured] == []


def test_every_case_is_led_by_an_untimed_call() -> None:
    assert SWEEP.clocks == {"cpu": "wall:led"}


def test_threads_of_the_command_line_are_the_axis() -> None:
    assert SWEEP.has_axis("threads")
    assert not catalog.sweep("channels").has_axis("threads")
