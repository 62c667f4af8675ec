"""There is no list to edit: one new file is found by all that lists, chooses, measures, wraps or draws backends."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import impls

from ..commands import Interpreter

ROOT = Path(__file__).parents[2]

ROWS = """
from impls.cross_hadamard.backend_entry import backend_of
from impls.cross_hadamard.steps import indexed
from impls.cross_hadamard.torch_kernels import kernels_of

KERNELS = kernels_of(indexed)

BACKEND = backend_of("rows", about="one row at a time", schedules=("flat",), rank=-1, look=("#123456", "*"))
"""

ASK = """
import json
import torch
from impls.cross_hadamard.api import automatic
from impls.cross_hadamard.functional import cross_hadamard
from opbench import catalog
from opbench.cli.options import narrowing
from opbench.planning.plan import plan
from reports.layout.style import style_of

def asked(sweep, **axes):
    operators = "hadaptive_s" if sweep == "network" else "cross_hadamard"
    narrowed = catalog.sweep(sweep).narrowed(narrowing(axes, operators=operators))
    return sorted({case.backend for task in plan(narrowed, "cpu", "wall") for case in task.cases})

print(json.dumps({
    "listed": catalog.backend_names("cross_hadamard"),
    "public": cross_hadamard(torch.ones(1, 3, 5), backend="rows").shape[1],
    "by rule": automatic.by_rule("cpu"),
    "channels": asked("channels"),
    "grid": asked("grid", batch=(1,), channels=(3,), edge=(1,)),
    "network": asked("network"),
    "inside": catalog.backend("hadaptive_s", "rows").about,
    "captured": catalog.backend("hadaptive_s", "cuda_graph").schedules,
    "colour": style_of("rows:flat").colour,
    "marker": style_of("rows").marker,
}))
"""


@pytest.fixture(scope="module")
def answers(interpreter: Interpreter, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a fresh process says where `rows.py` has been added to a copy of `impls`, and nothing else was changed."""
    folder = tmp_path_factory.mktemp("added")
    kept_out = shutil.ignore_patterns("__pycache__")
    copy = shutil.copytree(Path(impls.__file__).parent, folder / "impls", ignore=kept_out)
    (copy / "cross_hadamard" / "backends" / "rows.py").write_text(ROWS, encoding="utf-8")
    environment = {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    child = interpreter.run(ASK, environment=environment, folder=folder)
    assert child.code == 0, child.stderr
    found: dict[str, Any] = json.loads(child.stdout)
    return found


def test_it_is_listed_and_the_public_functions_take_it(answers: dict[str, Any]) -> None:
    assert "rows" in answers["listed"]
    assert answers["public"] == 3


def test_auto_takes_it_by_its_rank(answers: dict[str, Any]) -> None:
    assert answers["by rule"] == "rows"


def test_every_sweep_that_names_no_backend_or_asks_for_a_kind_measures_it(answers: dict[str, Any]) -> None:
    assert "rows" in answers["channels"]
    assert "rows:flat" in answers["grid"]
    assert not {"rows:direct", "rows"} & set(answers["grid"])
    assert "rows" in answers["network"]


def test_the_networks_hold_it_and_a_graph_of_one_can_be_captured(answers: dict[str, Any]) -> None:
    assert answers["inside"] == "PyTorch's layers, pairs and expansions by rows: one row at a time"
    assert "rows" in answers["captured"]


def test_figures_draw_it_as_it_says(answers: dict[str, Any]) -> None:
    assert (answers["colour"], answers["marker"]) == ("#123456", "*")
