"""Dependencies point one way, and start-up stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {"opbench", "impls", "sweeps", "reports"}
FORBIDDEN = {
    "opbench": {"impls", "sweeps", "reports", "tests"},
    "impls": {"sweeps", "reports", "tests"},
    "sweeps": {"impls", "reports", "tests", "torch"},
    "reports": {"impls", "sweeps", "tests", "torch"},
}


def imported(file: Path) -> set[str]:
    """Top-level names of everything a file imports, wherever in the file."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in plain | named}


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    found = {file: imported(file) & FORBIDDEN[room] for file in (ROOT / room).rglob("*.py")}
    assert found
    assert {str(file): names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "module",
    [
        "opbench",
        "opbench.commands.app",
        "opbench.store.runs",
        "opbench.vocabulary.sweep",
        "opbench.vocabulary.report",
        "opbench.ptx",
    ],
)
def test_the_door_and_the_vocabulary_import_no_heavy_library(module: str) -> None:
    machine = {"opbench.ptx.running", "opbench.ptx.launching", "opbench.ptx.compilers"}
    heavy = {"torch", "matplotlib", "pandas", "scipy", "triton", "numba", "impls", "reports", "rich"} | machine
    code = f"import sys, {module}; print(sorted({heavy} & sys.modules.keys()))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def programs_modules(code: str, modules: set[str]) -> str:
    """Those of the modules that a program of its own has imported at its end."""
    program = f"import sys\n{code}\nprint(sorted({modules} & sys.modules.keys()))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_a_report_imports_what_draws_and_no_more_and_arrow_only_to_write_a_table() -> None:
    code = "from opbench.running.reporting import catalog, loaded_reports\nloaded_reports(); catalog.page()"
    absent = {"torch", "pandas", "scipy", "pyarrow", "triton", "numba", "impls", "rich", "matplotlib.pyplot"}
    assert programs_modules(code, absent | {"matplotlib", "jinja2"}) == "['jinja2', 'matplotlib']"


def test_neither_a_trace_on_a_cpu_nor_pairs_on_meta_import_pytorchs_compiler() -> None:
    code = """
from impls.cross_hadamard.pairs import pair_indices
from opbench.measure.split.torch_profiler import profiler_session, tracing_session
pair_indices(7, "meta")
with profiler_session():
    pass
with tracing_session("cpu"):
    pass
"""
    assert programs_modules(code, {"torch", "torch._dynamo", "torch._inductor"}) == "['torch']"


def test_no_file_is_named_after_a_library_it_would_shadow() -> None:
    names = {file.stem for room in ROOMS for file in (ROOT / room).rglob("*.py")} - {"__init__", "__main__"}
    libraries = {"torch", "numpy", "pandas", "triton", "cupy", "numba", "rich", "typer", "fvcore", "scipy"}
    # `operator` and `trace` only ever stand inside packages, and no script is run from their folders.
    assert names & (sys.stdlib_module_names | libraries) <= {"operator", "trace"}
