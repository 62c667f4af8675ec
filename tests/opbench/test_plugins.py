"""Another package's operators, backends, sweeps and reports are found; one that is broken costs itself, in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ..commands import Ended, Interpreter

ROOT = Path(__file__).parents[2]

MODULES = {
    "theirs/__init__.py": "",
    "theirs/rowsum/__init__.py": "",
    "theirs/rowsum/operator.py": """
from dataclasses import replace
from opbench import catalog
OPERATOR = replace(catalog.operator("fill"), name="rowsum", about="sums of rows")
""",
    "theirs/rowsum/eager.py": "from impls.fill.torch_eager import BACKEND\n",
    "theirs/mine.py": """
try:
    import torch
    from opbench import Backend
    BACKEND = Backend("mine", lambda *_: lambda: torch.ones(1))
except ImportError:
    raise
""",
    "theirs/looking.py": """
from opbench import Backend
LOOK = "#123456", "*"
BACKEND = Backend("theirs", lambda *_: None, look=LOOK)
""",
    "theirs/garbled.py": "BACKEND = Backend(:",
    "theirs/needs.py": "import nowhere_to_be_found\n",
    "theirs/raises.py": "raise ValueError('not\\ntoday')\n",
    "theirs/ends.py": "raise SystemExit(3)\n",
    "theirs/question.py": """
from opbench import Grid, Sweep
SWEEP = Sweep("why?", (Grid(("rowsum",), {"kib": (1,)}),))
""",
    "theirs/drawing.py": """
from opbench import Report
def render(records):
    raise RuntimeError("no ink")
REPORT = Report(about="theirs", order=1, render=render)
""",
}

ENTRIES = """
[opbench.operators]
rowsum = theirs.rowsum
fill = theirs.rowsum
broken = theirs.raises

[opbench.backends]
cross_hadamard.mine = theirs.mine
cross_hadamard.needs = theirs.needs
cross_hadamard.raises = theirs.raises
cross_hadamard.cpp_ext = theirs.mine
cross_hadamard.looking = theirs.looking
cross_hadamard.garbled = theirs.garbled
cross_hadamar.mine = theirs.mine
nobodys = theirs.mine

[opbench.sweeps]
question = theirs.question
ending = theirs.ends

[opbench.reports]
drawing = theirs.drawing
gone = theirs.nowhere
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    about = folder / "theirs-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text(ENTRIES)
    for name, text in MODULES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sweep's results."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def typed(site: Path, results: Path, interpreter: Interpreter) -> Mapping[str, Ended]:
    """What became of each command, by its name."""
    commands = [
        ["ls", "--json"],
        ["backends", "--json"],
        ["sweep", "question", "--budget", "0.01", "--results", str(results)],
    ]
    environment = {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
    found = {words[0]: interpreter.opbench(words, environment) for words in commands}
    for one in found.values():
        assert one.code == 0, one.stderr
    return found


def test_plugins_are_listed_beside_ours(typed: Mapping[str, Ended]) -> None:
    found = json.loads(typed["ls"].stdout)
    assert found["operators"]["rowsum"] == "sums of rows"
    assert found["sweeps"]["question"] == "why?"
    assert found["reports"]["drawing"] == "theirs"
    assert found["operators"]["fill"] != "sums of rows"
    assert {"broken", "ending", "gone"}.isdisjoint({name for kind in found.values() for name in kind})


def test_each_that_is_broken_or_hides_ours_is_one_line(site: Path, typed: Mapping[str, Ended]) -> None:
    assert sorted(typed["ls"].stderr.splitlines()) == [
        (
            "backend 'cross_hadamar.mine' of theirs 1.2 (theirs.mine) is left out: there is no operator "
            "'cross_hadamar'; name the entry point OPERATOR.NAME, with one of `opbench ls`"
        ),
        (
            "backend 'cross_hadamard.cpp_ext' of theirs 1.2 (theirs.mine) is left out: 'cross_hadamard' has a backend "
            "'cpp_ext' itself; rename the entry point"
        ),
        (
            "backend 'cross_hadamard.looking' of theirs 1.2 (theirs.looking): backend 'looking' is drawn by its name "
            f"alone: {site}/theirs/looking.py: the look is LOOK; expected a colour and a marker written out, such as "
            '("#0072B2", "o")'
        ),
        (
            "backend 'nobodys' of theirs 1.2 (theirs.mine) is left out: its name has no operator; name the entry point "
            "OPERATOR.NAME, with one of `opbench ls`"
        ),
        "operator 'broken' of theirs 1.2 (theirs.raises) cannot be loaded: ValueError: not; mend or uninstall theirs",
        "operator 'fill' of theirs 1.2 (theirs.rowsum) is left out: opbench has 'fill' itself; rename the entry point",
        (
            "report 'gone' of theirs 1.2 (theirs.nowhere) cannot be loaded: ModuleNotFoundError: No module named "
            "'theirs.nowhere'; mend or uninstall theirs"
        ),
        "sweep 'ending' of theirs 1.2 (theirs.ends) cannot be loaded: SystemExit: 3; mend or uninstall theirs",
    ]


def test_a_backend_joins_an_operator_that_is_not_its_own(typed: Mapping[str, Ended]) -> None:
    rows = [json.loads(line) for line in typed["backends"].stdout.splitlines()]
    here = {row["backend"]: row["here"] for row in rows if row["operator"] == "cross_hadamard"}
    assert here["mine"]["cpu"] == "yes" or here["mine"]["cpu"] is None
    assert here["needs"]["any"].startswith("nowhere_to_be_found is not installed")
    assert "ValueError: not" in here["raises"]["any"]
    assert "SyntaxError" in here["garbled"]["any"]
    assert typed["backends"].stderr.count("\n") == 1


@pytest.mark.usefixtures("typed")
def test_a_report_that_cannot_be_made_leaves_the_page_and_the_others(results: Path) -> None:
    (page,) = results.glob("question/*/report.html")
    assert (page.parent / "table.csv").exists()
    text = page.read_text(encoding="utf-8")
    assert "Reports left out" in text
    assert (
        "report &#39;drawing&#39; of theirs 1.2 (theirs.drawing) cannot be made: RuntimeError: no ink"
        in text.replace("&#x27;", "&#39;")
    )


def test_a_folder_of_a_project_does_not_take_the_place_of_ours(tmp_path: Path) -> None:
    for name in ("reports", "sweeps"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('theirs')\n")
    command = [sys.executable, "-m", "opbench", "ls", "--json"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "latency" in json.loads(run.stdout)["reports"]
    assert run.stderr.splitlines() == [
        f"{tmp_path / name} has the name of a package of opbench; here {name!r} is {ROOT / name}"
        for name in ("sweeps", "reports")
    ]
