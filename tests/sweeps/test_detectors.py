"""The sweep of detectors has all there are, in every runtime, to scores and to boxes."""

from __future__ import annotations

from opbench import catalog
from opbench.planning.plan import plan
from sweeps.detectors import HADAPTIVE, OTHERS, SWEEP

TASKS = plan(SWEEP, "cpu", "wall:led")


def test_every_detector_is_asked_for_scores_and_for_boxes() -> None:
    assert {*HADAPTIVE, *OTHERS} == {
        name for name, package in catalog.operators().items() if package == "impls.detectors"
    }
    found = {(task.point.operator, task.point.axes["nms"]): {case.backend for case in task.cases} for task in TASKS}
    stock = {"torch_eager", "ort_stock"}
    assert found == {
        (name, nms): stock | ({"ort_custom"} if name in HADAPTIVE else set())
        for name in (*HADAPTIVE, *OTHERS)
        for nms in (False, True)
    }


def test_every_case_is_led_by_an_untimed_call() -> None:
    assert {task.point.clock for task in TASKS} == {"wall:led"}
