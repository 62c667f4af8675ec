"""Whatever pytest is told to do with tests, a worker collects in its own process, and says why it found none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.pool.worker_handle import RequestRefusedError, UsageRefusedError, WorkerHandle
from opbench.gate.samples import Side
from opbench.gate.source.environments import Checkout

BENCHMARKS = """
import pytest

@pytest.mark.parametrize("size", [0, 1, 7])
def test_adding(benchmark, size):
    benchmark(sum, range(size))

def test_no_benchmark():
    pass
"""

ADDING = [f"test_it.py::test_adding[{size}]" for size in (0, 1, 7)]

Start = Callable[..., WorkerHandle]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Start]:
    """A worker of a tree with these files besides `test_it.py`."""
    workers: list[WorkerHandle] = []

    def start(*paths: str, keyword: str | None = None, **files: str) -> WorkerHandle:
        tree = tmp_path / "tree"
        tree.mkdir()
        for name, text in {"test_it_py": BENCHMARKS, **files}.items():
            (tree / ".".join(name.rsplit("_", 1))).write_text(text)
        launch = LaunchConfig(paths or (".",), keyword, 1, "cpu", tmp_path / "repository", 3600.0)
        sides: dict[Side, Checkout] = {"base": Checkout(Path(sys.executable), tree)}
        workers.append(WorkerHandle(0, "base", sides, launch))
        return workers[-1]

    yield start
    for worker in workers:
        worker.close()


def require_playing(worker: WorkerHandle) -> None:
    assert sorted(listed["id"] for listed in worker.ask({"list": {}})["benchmarks"]) == ADDING
    assert "ready" in worker.ask({"begin": ADDING[0]})


@pytest.mark.parametrize("options", ["-n 2", "-n auto", "-n 3 --maxprocesses 1", "--dist loadscope --tx 2*popen"])
def test_a_project_that_distributes_its_tests_has_them_collected_in_the_worker(started: Start, options: str) -> None:
    pytest.importorskip("xdist")
    require_playing(started(pytest_ini=f"[pytest]\naddopts = {options}\n"))


def test_so_has_an_environment_that_asks_for_it(started: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xdist")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-n 2 --dist worksteal")
    require_playing(started())


def test_benchmarks_that_a_keyword_deselects_are_reported_and_no_other_tests(started: Start) -> None:
    listed = started(keyword="nothing").ask({"list": {}})
    assert listed["benchmarks"] == listed["problems"] == []
    assert sorted(listed["deselected"]) == ADDING
    assert listed["filters"] == {"-k": "nothing"}


def test_so_are_those_that_a_marker_of_the_projects_options_deselects(started: Start) -> None:
    listed = started(pytest_ini="[pytest]\naddopts = -m slow\nmarkers = slow\n").ask({"list": {}})
    assert listed["benchmarks"] == []
    assert sorted(listed["deselected"]) == ADDING
    assert listed["filters"] == {"-m": "slow"}


@pytest.mark.parametrize(
    ("path", "keyword", "says"),
    [("elsewhere", None, "elsewhere"), ("test_it.py::test_other", None, "test_other"), (".", "adding and", "-k")],
)
def test_what_is_not_there_is_a_usage_error(started: Start, path: str, keyword: str | None, says: str) -> None:
    with pytest.raises(UsageRefusedError, match=says):
        started(path, keyword=keyword).ask({"list": {}})


@pytest.mark.parametrize(
    ("path", "files", "says"),
    [
        (".", {"conftest_py": "import nowhere"}, "nowhere"),
        ("test_it.py::test_adding", {"test_it_py": "import nowhere"}, "test_it.py: ModuleNotFoundError: .* .nowhere."),
        (".", {"pytest_ini": "[pytest]\naddopts = --no-such-option\n"}, "no-such-option"),
    ],
)
def test_code_that_cannot_be_collected_is_none(started: Start, path: str, files: dict[str, str], says: str) -> None:
    with pytest.raises(RequestRefusedError, match=says) as refused:
        started(path, **files).ask({"list": {}})
    assert not isinstance(refused.value, UsageRefusedError)


def test_opbenchs_own_plugin_is_not_loaded_and_its_options_are_no_error(
    started: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would import the installed opbench, whatever the tree's is; here it would raise."""
    metadata = tmp_path / "path" / "announcing-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: announcing\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[pytest11]\nopbench = nowhere.to_be_found\n")
    monkeypatch.setenv("PYTHONPATH", str(metadata.parent), prepend=":")
    options = "--opbench-disable --opbench-budget 1 --opbench-results kept"
    require_playing(started(pytest_ini=f"[pytest]\naddopts = {options}\n"))
