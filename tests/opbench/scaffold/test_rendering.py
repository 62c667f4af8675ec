"""Everything that is written is whole: Python that compiles, TOML whose entry points lead to files that are there."""

from __future__ import annotations

import ast
import tomllib

import pytest

from opbench.errors import UsageError
from opbench.scaffold.naming import Scaffold
from opbench.scaffold.rendering import TEMPLATES, rendered
from tests.rows import rows

MADE = [
    Scaffold("operator", "gated"),
    Scaffold("backend", "slices", "cross_hadamard"),
    Scaffold("backend", "mine", "fill"),
    Scaffold("backend", "rows", "cross_hadamard", "triton"),
    Scaffold("sweep", "plane"),
    Scaffold("report", "steadiness"),
]


@rows("scaffold", MADE)
def test_a_package_has_what_it_announces(scaffold: Scaffold) -> None:
    files = rendered(scaffold)
    project = tomllib.loads(files["pyproject.toml"])
    assert project["project"]["name"] == scaffold.distribution
    for group, entries in project["project"]["entry-points"].items():
        for module in entries.values():
            path = module.replace(".", "/")
            held = {f"{path}.py", f"{path}/operator.py"} & files.keys()
            assert held, f"{group}: {module}"
    assert f"tests/test_{scaffold.module}.py" in files
    assert 10 <= len(files["README.md"].splitlines()) <= 15


@rows("scaffold", [*MADE, Scaffold("file", "my_gate")])
def test_what_is_written_is_plain_python_without_a_gap(scaffold: Scaffold) -> None:
    for path, text in rendered(scaffold).items():
        assert "{{" not in text, path
        assert "{%" not in text, path
        assert text.endswith("\n"), path
        assert max(map(len, text.splitlines())) <= 120, path
        if path.endswith(".py"):
            assert ast.get_docstring(ast.parse(text)), path


def test_an_operator_with_a_template_of_its_own_gets_that_and_others_the_general_one() -> None:
    own = rendered(Scaffold("backend", "slices", "cross_hadamard"))["opbench_cross_hadamard_slices.py"]
    general = rendered(Scaffold("backend", "mine", "fill"))["opbench_fill_mine.py"]
    assert "torch.mul" in own
    assert 'catalog.operator("fill")' in general
    assert "opbench sweep" in rendered(Scaffold("backend", "slices", "cross_hadamard"))["README.md"]


def test_a_kernel_is_a_module_beside_its_backend_and_only_of_operators_that_have_one() -> None:
    files = rendered(Scaffold("backend", "rows", "cross_hadamard", "triton"))
    modules = "opbench_cross_hadamard_rows", "opbench_cross_hadamard_rows_kernel"
    assert tomllib.loads(files["pyproject.toml"])["tool"]["setuptools"]["py-modules"] == [*modules]
    assert "@triton.jit" in files[f"{modules[1]}.py"]
    assert f"from {modules[1]} import launch" in files[f"{modules[0]}.py"]
    with pytest.raises(UsageError, match=r"no kernel of 'fill' to begin with; there are ones of: cross_hadamard; "):
        rendered(Scaffold("backend", "rows", "fill", "triton"))


@rows("name", ["inputs", "silu", "functional", "torch"])
def test_a_file_whose_name_it_uses_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"a file of an operator '{name}' has that name for something else"):
        rendered(Scaffold("file", name))


def test_the_templates_are_of_the_kinds_that_there_are_and_packaged() -> None:
    assert {folder.name for folder in TEMPLATES.iterdir()} == {
        "operator", "backend", "backends", "sweep", "report", "file",
    }  # fmt: skip
    project = tomllib.loads((TEMPLATES.parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    (pattern,) = project["tool"]["setuptools"]["package-data"]["opbench.scaffold"]
    every = {file for file in TEMPLATES.rglob("*") if file.is_file() and "__pycache__" not in file.parts}
    assert set(TEMPLATES.parent.glob(pattern)) == every
