"""Each folder of the gate imports only from those below it, lazily and for types too, and nothing in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GATE = ROOT / "opbench" / "gate"

BELOW = {
    "worker": set[str](),
    "": set[str](),
    "source": {""},
    "stats": {""},
    "decision": {"", "stats"},
    "pool": {"", "worker", "source", "stats", "decision"},
    "files": {"", "stats", "decision"},
    "output": {"", "stats", "decision"},
    "runs": {"", "source", "stats", "decision", "pool", "files", "output"},
}
"""What each folder may import from, besides itself; "" stands for the modules that lie in none."""


def imported(file: Path) -> Iterator[str]:
    """Modules of the gate that the file imports from, wherever in the file."""
    for node in ast.walk(ast.parse(file.read_text())):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        yield from (name.removeprefix("opbench.gate.") for name in names if name.startswith("opbench.gate."))


def folder_of(module: str) -> str:
    return module.rpartition(".")[0]


MODULES = {".".join(file.relative_to(GATE).with_suffix("").parts): file for file in sorted(GATE.rglob("*.py"))}


@pytest.mark.parametrize("folder", BELOW)
def test_a_folder_imports_only_from_those_below_it(folder: str) -> None:
    allowed = BELOW[folder] | {folder}
    files = {module: file for module, file in MODULES.items() if folder_of(module) == folder}
    assert files
    wrong = {
        module: {name for name in imported(file) if folder_of(name) not in allowed} for module, file in files.items()
    }
    assert {module: names for module, names in wrong.items() if names} == {}


def test_every_folder_has_its_place_and_says_what_may_live_in_it() -> None:
    assert {folder_of(module) for module in MODULES} == set(BELOW)
    assert all(ast.get_docstring(ast.parse(file.read_text())) for file in MODULES.values() if file.stem == "__init__")


def test_no_module_of_the_gate_or_its_command_is_imported_in_a_circle() -> None:
    graph = {module: set(imported(file)) for module, file in MODULES.items()}
    command = (ROOT / "opbench" / "commands" / "gate").glob("*.py")
    graph["command"] = {name for file in command for name in imported(file)}
    assert graph["command"]
    assert len(list(TopologicalSorter(graph).static_order())) >= len(MODULES)
    assert not any("opbench.commands" in file.read_text() for file in MODULES.values())


def test_no_folder_holds_more_than_a_reader_can_survey() -> None:
    for folder in BELOW:
        assert sum(folder_of(module) == folder for module in MODULES) <= 15, folder
