"""Whatever pytest is told to do with tests, a worker collects in its own process, and says why it found none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opbench.gate.environments import Installed
from opbench.gate.player import MisaskedError, Player, RefusedError
from opbench.gate.recipe import Recipe
from opbench.gate.slices import Side

BENCHMARKS = """
import pytest

@pytest.mark.parametrize("size", [0, 1, 7])
def test_adding(benchmark, size):
    benchmark(sum, range(size))

def test_no_benchmark():
    pass
"""

ADDING = [f"test_it.py::test_adding[{size}]" for size in (0, 1, 7)]

Hired = Callable[..., Player]


@pytest.fixture
def hired(tmp_path: Path) -> Iterator[Hired]:
    """A worker of a tree with these files besides `test_it.py`."""
    players: list[Player] = []

    def hire(*paths: str, keyword: str | None = None, **files: str) -> Player:
        tree = tmp_path / "tree"
        tree.mkdir()
        for name, text in {"test_it_py": BENCHMARKS, **files}.items():
            (tree / ".".join(name.rsplit("_", 1))).write_text(text)
        recipe = Recipe(paths or (".",), keyword, 1, "cpu", tmp_path / "repository", 3600.0)
        sides: dict[Side, Installed] = {"base": Installed(Path(sys.executable), tree)}
        players.append(Player(0, "base", sides, recipe))
        return players[-1]

    yield hire
    for player in players:
        player.close()


def require_playing(player: Player) -> None:
    assert sorted(one["id"] for one in player.ask({"list": {}})["benchmarks"]) == ADDING
    assert "ready" in player.ask({"begin": ADDING[0]})


@pytest.mark.parametrize("options", ["-n 2", "-n auto", "-n 3 --maxprocesses 1", "--dist loadscope --tx 2*popen"])
def test_a_project_that_distributes_its_tests_has_them_collected_in_the_worker(hired: Hired, options: str) -> None:
    pytest.importorskip("xdist")
    require_playing(hired(pytest_ini=f"[pytest]\naddopts = {options}\n"))


def test_so_has_an_environment_that_asks_for_it(hired: Hired, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xdist")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-n 2 --dist worksteal")
    require_playing(hired())


def test_benchmarks_that_a_keyword_leaves_out_are_told_and_no_other_tests(hired: Hired) -> None:
    listed = hired(keyword="nothing").ask({"list": {}})
    assert listed["benchmarks"] == listed["problems"] == []
    assert sorted(listed["left_out"]) == ADDING
    assert listed["filters"] == {"-k": "nothing"}


def test_so_are_those_that_a_marker_of_the_projects_options_leaves_out(hired: Hired) -> None:
    listed = hired(pytest_ini="[pytest]\naddopts = -m slow\nmarkers = slow\n").ask({"list": {}})
    assert listed["benchmarks"] == []
    assert sorted(listed["left_out"]) == ADDING
    assert listed["filters"] == {"-m": "slow"}


@pytest.mark.parametrize(
    ("path", "keyword", "says"),
    [("elsewhere", None, "elsewhere"), ("test_it.py::test_other", None, "test_other"), (".", "adding and", "-k")],
)
def test_what_is_not_there_was_misasked(hired: Hired, path: str, keyword: str | None, says: str) -> None:
    with pytest.raises(MisaskedError, match=says):
        hired(path, keyword=keyword).ask({"list": {}})


@pytest.mark.parametrize(
    ("path", "files", "says"),
    [
        (".", {"conftest_py": "import nowhere"}, "nowhere"),
        ("test_it.py::test_adding", {"test_it_py": "import nowhere"}, "exit code 4"),
        (".", {"pytest_ini": "[pytest]\naddopts = --no-such-option\n"}, "no-such-option"),
    ],
)
def test_code_that_cannot_be_collected_was_not(hired: Hired, path: str, files: dict[str, str], says: str) -> None:
    with pytest.raises(RefusedError, match=says) as refused:
        hired(path, **files).ask({"list": {}})
    assert not isinstance(refused.value, MisaskedError)
