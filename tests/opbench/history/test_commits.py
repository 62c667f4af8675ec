"""The order of a real repository's commits, whatever their dates say."""

from __future__ import annotations

from pathlib import Path

import pytest

from opbench.errors import UsageError
from opbench.history.commits import Commits, of_repository
from tests.repositories import git, isolated_git


def made(folder: Path, day: int) -> str:
    """A commit of that day of January; its name."""
    with pytest.MonkeyPatch.context() as patched:
        for who in ("AUTHOR", "COMMITTER"):
            patched.setenv(f"GIT_{who}_DATE", f"2026-01-{day:02d}T12:00:00+0000")
        git(folder, "commit", "-q", "--allow-empty", "-m", "m")
    return git(folder, "rev-parse", "HEAD")


def test_parents_come_before_children_whose_clock_was_behind(tmp_path: Path) -> None:
    with isolated_git():
        git(tmp_path, "init", "-q")
        names = [made(tmp_path, day) for day in (10, 3, 20)]
    commits = of_repository(tmp_path)
    assert list(commits.full.values()) == names
    assert commits.ordered({name[:12]: 0.0 for name in reversed(names)}) == [name[:12] for name in names]
    assert str(commits.time(names[1][:12])) == "2026-01-03 12:00:00+00:00"
    assert names[0][:12] in commits
    assert commits.time("f" * 12) is None


def test_the_repository_is_the_one_that_is_named_even_in_a_hook_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with isolated_git():
        for name in ("here", "there"):
            git(tmp_path, "init", "-q", name)
        here, there = made(tmp_path / "here", 3), made(tmp_path / "there", 4)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "there" / ".git"))
    assert here[:12] in of_repository(tmp_path / "here")
    assert there[:12] not in of_repository(tmp_path / "here")


def test_without_a_repository_no_commit_is_known_and_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    assert of_repository(None) == Commits()
    with pytest.raises(UsageError, match=r"--repository .*git knows no commits there"):
        of_repository(tmp_path)
