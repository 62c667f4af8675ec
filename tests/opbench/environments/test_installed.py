"""An environment is made once from the words it is asked for, and found again by them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from opbench.environments.installed import Installation
from opbench.environments.interpreter import NEEDED
from opbench.errors import MachineError, UsageError


class FakePip:
    """Makes the file that venv would; pip prints `says` and exits with `code`."""

    def __init__(self, code: int = 0, says: str = "") -> None:
        self.code, self.says = code, says
        self.installed: list[list[str]] = []

    def __call__(self, command: Sequence[str], folder: Path, log: Path) -> int:
        if "venv" in command:
            python = Path(command[-1], "bin", "python")
            python.parent.mkdir(parents=True)
            python.touch()
            return 0
        self.installed.append(list(command[5:]))
        log.write_text(self.says)
        return self.code


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPBENCH_LOCKS", str(tmp_path))


def made(text: str, pip: FakePip) -> tuple[Path, list[str]]:
    notes: list[str] = []
    return Installation.of(text).python(notes.append, run=pip), notes


def test_the_same_words_are_installed_once_with_ours_and_it_is_said_where(tmp_path: Path) -> None:
    pip = FakePip()
    first, notes = made("torch==2.11 numpy", pip)
    assert pip.installed[0][:2] == ["torch==2.11", "numpy"]
    assert set(NEEDED.values()) <= set(pip.installed[0])
    assert first.is_relative_to(tmp_path / "cache")
    assert "install.log" in notes[0]
    assert "torch>=2.9" in notes[0]
    assert notes[-1] == f"--with 'torch==2.11 numpy': made and kept in {first.parents[2]}"
    again, notes = made("torch==2.11   numpy", pip)
    assert again == first
    assert len(pip.installed) == 1
    assert "kept from before" in notes[-1]


def test_other_words_are_another_environment() -> None:
    pip = FakePip()
    assert made("torch==2.11", pip)[0] != made("torch==2.13", pip)[0]
    assert len(pip.installed) == 2


def test_what_pip_cannot_do_is_one_line_with_its_last_words_and_is_tried_again() -> None:
    broken = FakePip(1, "Collecting torch\nERROR: No matching distribution found for torch==9\n")
    with pytest.raises(MachineError, match=r"--with 'torch==9': pip install failed .*No matching.*install\.log") as exc:
        made("torch==9", broken)
    assert "\n" not in str(exc.value)
    mended = FakePip()
    made("torch==9", mended)
    assert len(mended.installed) == 1


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), ("'torch", "no list of words")])
def test_what_is_no_list_of_words_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Installation.of(text)
