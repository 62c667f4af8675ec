"""Simulated backends are checked, never timed, and say what simulates them."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from unittest.mock import Mock

import pytest

from opbench import Backend, Case, Point, Unavailable, catalog, simulation
from opbench.commands import check
from opbench.errors import UsageError
from opbench.measure.point import PointMeasurement
from opbench.vocabulary.case import Axes
from opbench.vocabulary.settings import Settings

BEFORE = {name: os.environ.get(name) for name in simulation.SWITCHES}
GPU_ONLY = Backend("for the tests", Mock(), devices=frozenset({"cuda"}), simulator="a person with a pencil")


def test_a_gpu_backend_runs_on_the_cpu_only_while_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(simulation.SWITCH, raising=False)
    assert GPU_ONLY.missing("cpu") == "runs on cuda, not on cpu"
    monkeypatch.setenv(simulation.SWITCH, "1")
    assert GPU_ONLY.missing("cpu") is None
    assert GPU_ONLY.simulated("cpu")
    assert not GPU_ONLY.simulated("cuda")
    assert replace(GPU_ONLY, simulator="").missing("cpu") == "runs on cuda, not on cpu"


@pytest.mark.parametrize("again", [1, 2])
def test_what_asking_changes_of_the_environment_ends_with_the_test(again: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {name: os.environ.get(name) for name in BEFORE} == BEFORE
    monkeypatch.setenv(simulation.SWITCH, simulation.PTX)
    assert simulation.active()
    assert [name for name in BEFORE if name in os.environ] == [simulation.SWITCH]


def test_what_compilers_emit_is_another_way_that_a_backend_has_or_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(simulation.SWITCH, simulation.PTX)
    assert not GPU_ONLY.simulated("cpu")
    assert "a person with a pencil runs its source (--simulate=source)" in (GPU_ONLY.missing("cpu") or "")
    emitted = replace(GPU_ONLY, ptx="the pencil's PTX")
    assert emitted.missing("cpu") is None
    assert emitted.simulated_by == "the pencil's PTX"
    monkeypatch.setenv(simulation.SWITCH, "1")
    assert emitted.simulated_by == "a person with a pencil"
    assert replace(emitted, simulator="").missing("cpu") == "runs on cuda, not on cpu"


def test_triton_kernels_run_compiled_with_nothing_more_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(simulation.SWITCH, simulation.PTX)
    assert replace(GPU_ONLY, simulator="Triton's interpreter").simulated_by == "Triton's PTX"


def test_a_simulated_backend_is_never_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(simulation.SWITCH, "1")
    monkeypatch.setattr(catalog, "backend", lambda *_: GPU_ONLY)
    point = Point("fill", Axes({"kib": 1}))
    operator = catalog.operator("fill")
    found = PointMeasurement(point, [Case(point, "pencil")], Settings(), Mock()).run(operator, operator.work(point))
    assert found == {"pencil": Unavailable("simulated (a person with a pencil): checked, never timed")}


def test_switching_on_too_late_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(simulation.SWITCH, raising=False)
    monkeypatch.setitem(sys.modules, "triton", Mock())
    with pytest.raises(UsageError, match=r"triton.*is loaded already; set OPBENCH_SIMULATE=1"):
        simulation.switch_on()


def test_simulating_a_device_that_is_there_is_a_contradiction() -> None:
    with pytest.raises(UsageError, match="leave --device cuda away"):
        check.run(
            "fill",
            {},
            None,
            None,
            None,
            "cuda",
            simulate="source",
            architecture="",
            limit=False,
            wait=True,
            as_json=False,
        )


def test_records_of_a_simulated_check_say_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(simulation, "switch_on", lambda _: monkeypatch.setenv(simulation.SWITCH, "1"))
    axes = {"channels": (3, 5), "edge": (1,)}
    code = check.run(
        "cross_hadamard",
        axes,
        "torch_eager",
        "float32",
        "out",
        "cpu",
        simulate="source",
        architecture="",
        limit=False,
        wait=True,
        as_json=True,
    )
    assert code == 0
    assert [json.loads(line)["simulated"] for line in capsys.readouterr().out.splitlines()] == [True, True]
