"""What a worker knows of itself: whether a benchmark is the same, and whose code it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from opbench.gate.worker.introspection import foreign_modules, preloadable, source_digest


def module(folder: Path, text: str, name: str = "m") -> ModuleType:
    path = folder / f"{name}.py"
    path.write_text(text)
    made = ModuleType(name)
    made.__file__ = str(path)
    exec(compile(text, str(path), "exec"), vars(made))
    return made


def function(folder: Path, text: str) -> Callable[..., object]:
    import linecache

    linecache.clearcache()
    test: Callable[..., object] = module(folder, text).test
    return test


AS_IT_IS = "def test(benchmark, n):\n    benchmark(sum, range(n))\n"


def test_the_same_source_and_parameters_have_the_same_digest(tmp_path: Path) -> None:
    assert source_digest(function(tmp_path, AS_IT_IS), {"n": "3"}) == source_digest(
        function(tmp_path, AS_IT_IS), {"n": "3"}
    )


@pytest.mark.parametrize(
    "text",
    [
        "def test(benchmark, n):\n\n    # a comment\n    benchmark(sum,  range(n))\n",
        'def test(benchmark, n):\n    """In words."""\n    benchmark(sum, range(n))\n',
        "def again(benchmark, n):\n    benchmark(sum, range(n))\ntest = again\n",
        "import pytest\n@pytest.mark.gpu\ndef test(benchmark, n):\n    benchmark(sum, range(n))\n",
    ],
    ids=["formatting", "docstring", "name", "mark"],
)
def test_what_changes_nothing_leaves_the_digest(tmp_path: Path, text: str) -> None:
    assert source_digest(function(tmp_path, text), {}) == source_digest(function(tmp_path, AS_IT_IS), {})


@pytest.mark.parametrize("text", [AS_IT_IS.replace("sum", "max"), AS_IT_IS.replace("range(n)", "range(n + 1)")])
def test_another_computation_has_another_digest(tmp_path: Path, text: str) -> None:
    assert source_digest(function(tmp_path, text), {}) != source_digest(function(tmp_path, AS_IT_IS), {})


def test_other_parameters_have_another_digest(tmp_path: Path) -> None:
    assert source_digest(function(tmp_path, AS_IT_IS), {"n": "3"}) != source_digest(
        function(tmp_path, AS_IT_IS), {"n": "4"}
    )


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that lies in the user's repository, not in the side's checkout."""
    monkeypatch.setitem(sys.modules, "opbench_test_foreign", module(tmp_path, "", "foreign"))
    return tmp_path


def test_a_module_from_another_checkout_is_foreign(imported: Path) -> None:
    assert foreign_modules(str(imported / "tree"), [str(imported)]) == [str((imported / "foreign.py").resolve())]


def test_a_module_of_the_own_checkout_is_none(imported: Path) -> None:
    assert foreign_modules(str(imported), [str(imported)]) == []


def test_the_program_itself_is_none_under_whatever_name(imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["opbench_test_foreign"])
    assert foreign_modules(str(imported / "tree"), [str(imported)]) == []


def test_what_every_worker_has_imported_can_be_imported_once_for_all_and_a_trees_own_copy_of_a_library_cannot(
    imported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sympy", sys.modules["opbench_test_foreign"])
    assert "pytest" in preloadable()
    assert "sympy" not in preloadable()
