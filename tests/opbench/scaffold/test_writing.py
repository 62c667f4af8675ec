"""Whole or not at all, and never over anything that is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from opbench.errors import MachineError, UsageError
from opbench.scaffold.writing import write_file, write_folder

FILES = {"a.py": "x = 1\n", "below/deep/b.py": "y = 2\n"}


def write_one(target: Path) -> None:
    write_file(target, "x = 1\n")


def write_several(target: Path) -> None:
    write_folder(target, FILES)


WRITERS = pytest.mark.parametrize("write", [write_one, write_several])


def test_a_folder_has_its_files_and_the_usual_permissions(tmp_path: Path) -> None:
    write_folder(tmp_path / "made", FILES)
    found = {str(path.relative_to(tmp_path / "made")): path.read_text() for path in tmp_path.rglob("*.py")}
    assert found == FILES
    (tmp_path / "usual").mkdir()
    assert (tmp_path / "made").stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "usual"]


@WRITERS
@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_there_stays_as_it_is(write: Callable[[Path], None], kind: str, tmp_path: Path) -> None:
    target = tmp_path / "made"
    if kind == "folder":
        target.mkdir()
    elif kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to("nowhere")
    with pytest.raises(UsageError, match=r"made is there already, and is not overwritten; choose another name"):
        write(target)
    assert list(tmp_path.iterdir()) == [target]
    assert kind != "file" or target.read_text() == "mine"
    assert kind != "folder" or not list(target.iterdir())


@WRITERS
def test_a_folder_that_is_not_there_is_not_made(write: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--into .*absent is no folder; expected one that is there"):
        write(tmp_path / "absent" / "made")
    assert list(tmp_path.iterdir()) == []


@WRITERS
@pytest.mark.parametrize("raised", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_cannot_be_finished_leaves_nothing(
    write: Callable[[Path], None], raised: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises((MachineError, KeyboardInterrupt)) as ended:
        write(tmp_path / "made")
    assert isinstance(ended.value, KeyboardInterrupt) or "No space left on device; choose another" in str(ended.value)
    assert list(tmp_path.iterdir()) == []
