"""One interpreter for both only where both declare the same; environments of their own are built once, and wholly."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from opbench.errors import MachineError, UsageError
from opbench.gate.samples import SIDES, Side
from opbench.gate.source import environment_build
from opbench.gate.source.dependencies import declared_dependencies
from opbench.gate.source.environments import Checkout, prepare

PROJECT = """
[build-system]
requires = ["setuptools>=77"]
[project]
name = "p"
version = "1"
requires-python = ">=3.11"
dependencies = ["numpy>=2.0", "torch>=2.9"]
[project.optional-dependencies]
gpu = ["triton"]
[dependency-groups]
test = ["pytest", { include-group = "lint" }]
lint = ["ruff"]
[tool.ruff]
line-length = 120
"""


@pytest.fixture
def trees(tmp_path: Path) -> dict[Side, Path]:
    """Two equal projects."""
    folders = {side: tmp_path / side / "tree" for side in SIDES}
    for tree in folders.values():
        tree.mkdir(parents=True)
        (tree / "pyproject.toml").write_text(PROJECT)
    return folders


class FakePip:
    """Makes the folder that venv would, notes what was run, fails at `fails` with `says`."""

    def __init__(self, fails: str = "", says: str = "") -> None:
        self.fails, self.says = fails, says
        self.ran: list[tuple[str, str]] = []
        self.notes: list[str] = []

    def __call__(self, command: Sequence[str], folder: Path, log: Path) -> int:
        what = "venv" if "venv" in command else "pip"
        side = folder.parent.name
        self.ran.append((what, side))
        if what == "venv":
            python = Path(command[-1], "bin", "python")
            python.parent.mkdir(parents=True)
            python.touch()
        else:
            assert command[:5] == [str(folder.parent / "venv" / "bin" / "python"), "-P", "-m", "pip", "install"]
        if self.fails == f"{what} {side}":
            log.write_text(self.says)
            return 1
        return 0


def nothing_runs(command: Sequence[str], folder: Path, log: Path) -> int:
    pytest.fail(f"ran {command} in {folder}")


def built(trees: dict[Side, Path], install: str, pip: FakePip | None = None) -> list[tuple[str, str]]:
    """What it took to have both environments."""
    pip = pip or FakePip()
    prepare(trees, install, trees["base"].parent.parent, pip.notes.append, pip)
    return pip.ran


BOTH = [("venv", "base"), ("pip", "base"), ("venv", "head"), ("pip", "head")]


def test_equal_declarations_share_this_interpreter(trees: dict[Side, Path], tmp_path: Path) -> None:
    checkouts = prepare(trees, None, tmp_path, pytest.fail, nothing_runs)
    assert checkouts == {side: Checkout(Path(sys.executable), trees[side]) for side in SIDES}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("numpy>=2.0", "numpy>=2.1", "project.dependencies: -numpy>=2.0 +numpy>=2.1"),
        ('"numpy>=2.0", ', "", "project.dependencies: -numpy>=2.0"),
        ("setuptools>=77", "setuptools>=78", "build-system.requires: -setuptools>=77 +setuptools>=78"),
        ("triton", "triton>=3", "project.optional-dependencies.gpu: -triton +triton>=3"),
        ('["ruff"]', '["ruff", "mypy"]', "dependency-groups.lint: +mypy"),
        ('{ include-group = "lint" }', '"ruff"', 'dependency-groups.test: -{"include-group": "lint"} +ruff'),
        (">=3.11", ">=3.12", "project.requires-python: ->=3.11 +>=3.12"),
    ],
)
def test_a_dependency_that_differs_is_refused_by_name(
    trees: dict[Side, Path], tmp_path: Path, old: str, new: str, message: str
) -> None:
    (trees["head"] / "pyproject.toml").write_text(PROJECT.replace(old, new))
    with pytest.raises(MachineError) as caught:
        prepare(trees, None, tmp_path, pytest.fail, nothing_runs)
    assert str(caught.value).startswith(f"base and head declare different dependencies ({message}); ")
    assert "--install '" in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        "requirements-dev.txt",
        "setup.py",
        "setup.cfg",
        "environment.yml",
        "uv.lock",
        "poetry.lock",
        "pixi.lock",
    ],
)
def test_files_that_declare_dependencies_are_compared(trees: dict[Side, Path], tmp_path: Path, name: str) -> None:
    for tree, version in zip(trees.values(), (1, 2), strict=True):
        (tree / name).write_text(f"numpy=={version}\n")
    with pytest.raises(MachineError, match=rf"\({name}: -numpy==1 \+numpy==2\)"):
        prepare(trees, None, tmp_path, pytest.fail, nothing_runs)


def test_a_file_that_only_one_side_has_differs_and_a_long_difference_is_counted(
    trees: dict[Side, Path], tmp_path: Path
) -> None:
    (trees["base"] / "uv.lock").write_text("\n".join(f"package {number}" for number in range(99)))
    with pytest.raises(MachineError, match=r"\(uv\.lock: -99 \+0 lines\)"):
        prepare(trees, None, tmp_path, pytest.fail, nothing_runs)


def test_what_changes_no_dependency_is_no_difference(trees: dict[Side, Path], tmp_path: Path) -> None:
    reordered = PROJECT.replace('"numpy>=2.0", "torch>=2.9"', '"torch>=2.9",\n  "numpy>=2.0", # why\n')
    text = reordered.replace('version = "1"', 'version = "2"').replace("120", "100")
    (trees["head"] / "pyproject.toml").write_text(text)
    for tree, note in zip(trees.values(), ("", "# a note\n\n"), strict=True):
        (tree / "requirements.txt").write_text(f"{note}numpy\n")
    assert set(prepare(trees, None, tmp_path, pytest.fail, nothing_runs)) == set(SIDES)


def test_lines_in_another_order_differ(trees: dict[Side, Path], tmp_path: Path) -> None:
    (trees["base"] / "setup.cfg").write_text("[options]\nnumpy\n[options.extras_require]\n")
    (trees["head"] / "setup.cfg").write_text("[options]\n[options.extras_require]\nnumpy\n")
    with pytest.raises(MachineError, match=r"setup\.cfg: another order"):
        prepare(trees, None, tmp_path, pytest.fail, nothing_runs)


def test_a_tree_without_any_declaration_declares_nothing(tmp_path: Path) -> None:
    assert declared_dependencies(tmp_path) == {}


def test_a_project_file_that_is_not_toml_is_refused(trees: dict[Side, Path], tmp_path: Path) -> None:
    (trees["head"] / "pyproject.toml").write_text("[project")
    with pytest.raises(MachineError, match=r"head/tree/pyproject\.toml depends on: it is not TOML"):
        prepare(trees, None, tmp_path, pytest.fail, nothing_runs)


def test_each_side_is_built_in_its_turn_at_an_equally_long_path(trees: dict[Side, Path], tmp_path: Path) -> None:
    pip = FakePip()
    checkouts = prepare(trees, "numpy 'torch>=2.9'", tmp_path, pip.notes.append, pip)
    assert pip.ran == BOTH
    assert pip.notes == ["building the environment of base ...", "building the environment of head ..."]
    assert checkouts["head"] == Checkout(tmp_path / "head" / "venv" / "bin" / "python", trees["head"])
    assert len({len(str(checkout.python)) for checkout in checkouts.values()}) == 1


def test_an_environment_is_kept_while_what_it_was_built_from_is_the_same(trees: dict[Side, Path]) -> None:
    assert built(trees, "numpy") == BOTH
    assert built(trees, "numpy") == []
    assert built(trees, "numpy scipy") == BOTH


@pytest.mark.parametrize("name", ["pyproject.toml", "pins.txt"])
def test_only_the_side_whose_declarations_changed_is_built_again(trees: dict[Side, Path], name: str) -> None:
    (trees["head"] / "pins.txt").write_text("numpy==2.0")
    built(trees, "numpy -c pins.txt")
    (trees["head"] / name).write_text(PROJECT.replace("torch>=2.9", "torch>=2.10"))
    assert built(trees, "numpy -c pins.txt") == [("venv", "head"), ("pip", "head")]


def test_another_python_builds_anew(trees: dict[Side, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    built(trees, "numpy")
    monkeypatch.setattr(sys, "version", "4.0")
    assert built(trees, "numpy") == BOTH


def test_an_environment_whose_interpreter_is_gone_is_built_anew(trees: dict[Side, Path], tmp_path: Path) -> None:
    built(trees, "numpy")
    (tmp_path / "base" / "venv" / "bin" / "python").unlink()
    assert built(trees, "numpy") == BOTH[:2]


def test_an_environment_whose_stamp_is_damaged_is_built_anew(trees: dict[Side, Path], tmp_path: Path) -> None:
    for content in (b"\xff\x00", b""):
        built(trees, "numpy")
        (tmp_path / "base" / "venv" / environment_build.STAMP).write_bytes(content)
        assert built(trees, "numpy") == BOTH[:2]


@pytest.mark.parametrize("install", ["numpy -e .", "--editable=.", ".[gpu]", "./sub", "-r all.txt", "p@file:///a/b"])
def test_code_of_the_tree_is_installed_every_time(trees: dict[Side, Path], install: str) -> None:
    built(trees, install)
    pip = FakePip()
    assert built(trees, install, pip) == [("pip", "base"), ("pip", "head")]
    assert pip.notes == ["installing the code of base ...", "installing the code of head ..."]


@pytest.mark.parametrize(
    "install", ["numpy", "--extra-index-url https://example.org/simple numpy", "p@git+https://a/b"]
)
def test_what_comes_from_elsewhere_is_installed_once(trees: dict[Side, Path], install: str) -> None:
    built(trees, install)
    assert built(trees, install) == []


@pytest.mark.parametrize("install", ["numpy", "-e ."])
def test_a_build_that_failed_never_counts_as_built(trees: dict[Side, Path], install: str) -> None:
    with pytest.raises(MachineError):
        built(trees, install, FakePip("pip head"))
    again = built(trees, install)
    assert again[-2:] == BOTH[-2:]
    with pytest.raises(MachineError):
        built(trees, f"{install} scipy", FakePip("pip base"))
    assert built(trees, install)[:2] == BOTH[:2]


def test_after_a_failure_to_install_again_everything_is_built_from_nothing(trees: dict[Side, Path]) -> None:
    built(trees, "-e .")
    with pytest.raises(MachineError):
        built(trees, "-e .", FakePip("pip base"))
    assert built(trees, "-e .") == [*BOTH[:2], ("pip", "head")]


def test_a_build_that_was_interrupted_never_counts_as_built(trees: dict[Side, Path]) -> None:
    def interrupted(command: Sequence[str], folder: Path, log: Path) -> int:
        FakePip()(command, folder, log)
        if "pip" in command:
            raise KeyboardInterrupt
        return 0

    with pytest.raises(KeyboardInterrupt):
        prepare(trees, "numpy", trees["base"].parent.parent, list[str]().append, interrupted)
    assert built(trees, "numpy") == BOTH


UNKNOWN = """Collecting nonsense==9
  error: of an earlier attempt
ERROR: Could not find a version that satisfies the requirement nonsense==9 (from versions: none)
ERROR: No matching distribution checkouts for nonsense==9
note: This error is no fault of pip.
WARNING: There was a newer pip.
"""
BROKEN = """  error: subprocess-exited-with-error
  ╰─> [18 lines of output]
      Traceback (most recent call last):
      SystemError: no compiler
      [end of output]

note: This error originates from a subprocess, and is likely not a problem with pip.
error: metadata-generation-failed
hint: See above for details.
"""


def test_the_last_word_of_a_build_that_pip_ran_is_in_the_error(trees: dict[Side, Path]) -> None:
    with pytest.raises(MachineError, match="exit code 1: SystemError: no compiler; all of it: "):
        built(trees, ".", FakePip("pip base", BROKEN))


def test_the_last_words_of_pip_are_in_the_error_with_its_log(trees: dict[Side, Path], tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        built(trees, "nonsense==9", FakePip("pip base", UNKNOWN))
    assert str(caught.value) == (
        "cannot build the environment of base: pip install failed with exit code 1: "
        "ERROR: Could not find a version that satisfies the requirement nonsense==9 (from versions: none); "
        f"ERROR: No matching distribution checkouts for nonsense==9; all of it: {tmp_path}/base/install.log"
    )


def test_a_python_that_makes_no_environments_is_one_line(trees: dict[Side, Path]) -> None:
    with pytest.raises(MachineError, match="python -m venv failed with exit code 1: ensurepip is not available;"):
        built(trees, "numpy", FakePip("venv base", "ensurepip is not available\n"))
    with pytest.raises(MachineError, match="it printed nothing"):
        built(trees, "numpy", FakePip("venv base"))


@pytest.mark.parametrize(("install", "message"), [("", "is empty"), ("  ", "is empty"), ("'numpy", "no list of words")])
def test_an_install_that_is_no_list_of_words_is_refused(trees: dict[Side, Path], install: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        built(trees, install)


def test_what_a_command_prints_goes_to_the_log_and_the_callers_path_does_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nonsense")
    script = "import os, sys; print(os.environ.get('PYTHONPATH'), os.getcwd()); sys.stderr.write('bad\\n'); sys.exit(3)"
    log = tmp_path / "log"
    assert environment_build.run_logged([sys.executable, "-S", "-c", script], tmp_path, log) == 3
    assert sorted(log.read_text().splitlines()) == sorted([f"None {tmp_path}", "bad"])
