"""The tutorial notebook runs as it is, in a kernel of its own, and so does what a kernel alone can show."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from .commands import COMMAND

nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "examples" / "tutorial.ipynb"

MOST_CELLS = 20

BEFORE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import opbench
from opbench.process.measuring_process import MeasuringProcess
from tests import measuring
MeasuringProcess.start = measuring.Forking(modules=("torch", "opbench.measure.worker"))  # nothing is compiled
for function in (opbench.compare, opbench.time):
    function.__kwdefaults__["budget"] = 0.002
opbench.compare.__kwdefaults__["flops"] = lambda **sizes: 1.0
"""
"""Run first: measuring processes are forked, as in all tests; samples take no time, and neither does counting, which
imports all of PyTorch's compiler, a second of processor time in each process."""

INTERRUPTED = """
import signal
from opbench.cli.notebook_bar import NotebookBar

def interrupt(*_):
    NotebookBar.finished = finished
    signal.raise_signal(signal.SIGINT)  # what the stop button sends

finished, NotebookBar.finished = NotebookBar.finished, interrupt
opbench.compare(callables, inputs=inputs, axes=axes)
"""

AFTERWARDS = """
import psutil
(forking,) = psutil.Process().children(recursive=True)  # what measuring processes are forked from; none is left
kept = sys.last_value.result
kept
"""


def cells(kind: str, notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == kind]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook with a cell before it and two after it, and what all of them put out."""
    folder = tmp_path_factory.mktemp("notebook")
    program = folder / "bin" / "opbench"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport torch\n{COMMAND}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    notebook = nbformat.read(NOTEBOOK, 4)
    new = nbformat.v4.new_code_cell
    stopped = new(INTERRUPTED, metadata={"tags": ["raises-exception"]})
    notebook.cells = [new(BEFORE), *notebook.cells, stopped, new(AFTERWARDS)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", str(program.parent), prepend=os.pathsep)
        patched.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
        patched.setenv("OMP_WAIT_POLICY", "passive")  # a third of the processor time was threads that spin
        resources = {"metadata": {"path": str(folder)}}
        nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
    return notebook


def shown(cell: Any, kind: str = "text/html") -> str:
    """What a cell shows as its value."""
    return "".join(output.data.get(kind, "") for output in cell.outputs if output.output_type == "execute_result")


def test_it_is_short_and_kept_without_outputs() -> None:
    """Theirs would be one machine's, and soon another version's; a figure in a diff hides what else changed."""
    notebook = nbformat.read(NOTEBOOK, 4)
    nbformat.validate(notebook)
    assert len(notebook.cells) <= MOST_CELLS
    assert [cell.outputs for cell in cells("code", notebook)] == [[]] * len(cells("code", notebook))
    assert {cell.execution_count for cell in cells("code", notebook)} == {None}


def test_no_cell_fails_and_results_are_tables_and_figures(executed: Any) -> None:
    _, *code, _, _ = cells("code", executed)
    assert [output.ename for cell in code for output in cell.outputs if output.output_type == "error"] == []
    by_words = {
        word: cell
        for cell in code
        for word in ("\nresult", "forgetful", "opbench.time", "against")
        if word in cell.source
    }
    assert len(by_words) == 4
    for word in ("\nresult", "forgetful"):
        assert "<table>" in shown(by_words[word])
        assert "<svg" in shown(by_words[word])
    assert "mismatch (" in shown(by_words["forgetful"])
    assert "95 % interval" in shown(by_words["opbench.time"])
    assert "half to twice" in shown(by_words["against"])
    printed = "".join(output.text for output in code[-1].outputs if output.output_type == "stream")
    assert "3 points: eager 3 passed, written_out 3 passed" in printed
    assert "\x1b" not in printed


def test_a_result_is_shown_once_and_nothing_is_left_of_its_bar(executed: Any) -> None:
    """rich would show the table again, as text, were it told that it is in a notebook."""
    for cell in cells("code", executed):
        displayed = [output.data["text/html"] for output in cell.outputs if output.output_type == "display_data"]
        assert len(displayed) == ("opbench.compare(" in cell.source)
        assert "<progress" not in "".join(displayed)
        assert "measured in this process" not in shown(cell)


def test_an_interrupted_cell_is_one_line_and_the_kernel_has_what_was_measured_and_no_process(executed: Any) -> None:
    stopped, after = cells("code", executed)[-2:]
    (error,) = (output for output in stopped.outputs if output.output_type == "error")
    (line,) = error.traceback
    assert line.startswith("interrupted: 2 of 6 cases are kept")
    assert "<table>" in shown(after)
