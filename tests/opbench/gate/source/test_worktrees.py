"""Which revisions are compared, what is refused; no worktree is left behind, and nothing of the user's is touched."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from opbench.errors import MachineError, UsageError
from opbench.gate.samples import Side
from opbench.gate.source.worktrees import Revisions, checked_out, merge_base, repository_folder, resolve
from tests.repositories import commit, git, isolated_git, registered


@pytest.fixture(scope="module", autouse=True)
def isolated() -> Iterator[None]:
    with isolated_git():
        yield


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Path:
    folder = tmp_path_factory.mktemp("original")
    git(folder, "init", "-q")
    commit(folder, "a.py", "one")
    git(folder, "branch", "topic")
    commit(folder, "a.py", "two")
    git(folder, "checkout", "-q", "topic")
    commit(folder, "b.py", "three")
    return folder


@pytest.fixture
def repository(original: Path, tmp_path: Path) -> Path:
    """main: one, two. topic, checked out: one, three."""
    return shutil.copytree(original, tmp_path / "repository")


def test_head_is_compared_with_where_it_left_the_base_not_with_the_base(repository: Path) -> None:
    revisions = resolve("main", None, repository)
    assert revisions == Revisions(
        git(repository, "rev-parse", "main~1"), git(repository, "rev-parse", "topic"), repository
    )
    assert revisions.base == merge_base("main", repository)


def test_a_named_head_is_taken_whatever_is_checked_out_or_uncommitted(repository: Path) -> None:
    (repository / "b.py").write_text("changed")
    revisions = resolve("topic", "main", repository)
    assert revisions.base == git(repository, "rev-parse", "main~1")
    assert revisions.head == git(repository, "rev-parse", "main")


def test_the_folder_may_be_any_inside_the_repository(repository: Path) -> None:
    inner = repository / "docs"
    inner.mkdir()
    assert resolve("main", None, inner).root == repository


@pytest.mark.parametrize("base", ["topic", "HEAD"])
def test_a_revision_may_be_compared_with_itself_and_that_is_noted(repository: Path, base: str) -> None:
    revisions = resolve(base, None, repository)
    assert revisions.base == revisions.head
    assert f"{base} holds all of HEAD" in revisions.note


def test_a_head_that_the_base_already_holds_is_noted(repository: Path) -> None:
    revisions = resolve("main", "main~1", repository)
    assert revisions.base == revisions.head
    assert "main holds all of main~1" in revisions.note


@pytest.mark.parametrize("staged", [False, True])
def test_uncommitted_changes_are_refused_by_name(repository: Path, staged: bool) -> None:
    (repository / "b.py").write_text("changed")
    if staged:
        git(repository, "add", "b.py")
    with pytest.raises(UsageError, match=r"tracked files differ from HEAD in .* \(1: b\.py\): commit or stash.*--head"):
        resolve("main", None, repository)


def test_untracked_files_are_noted_and_ignored_ones_are_not(repository: Path) -> None:
    commit(repository, ".gitignore", "*.log\n")
    for name in ("p.py", "q.py", "r.py", "s.py", "t.log"):
        (repository / name).touch()
    assert resolve("main", None, repository).note == "untracked files are no part of it (4: p.py, q.py, r.py, ...)"


def test_an_unknown_revision_is_refused_with_the_ones_there_are(repository: Path) -> None:
    with pytest.raises(UsageError, match=r"no revision 'mian' in .*did you mean 'main'\?\); branches and tags: "):
        resolve("mian", None, repository)
    with pytest.raises(UsageError, match="no revision 'nowhere'"):
        resolve("main", "nowhere", repository)


def test_a_branch_that_only_the_remote_has_is_pointed_at(repository: Path) -> None:
    git(repository, "update-ref", "refs/remotes/organisation/dev", "main")
    with pytest.raises(UsageError, match="did you mean 'organisation/dev'"):
        resolve("dev", None, repository)


def test_of_many_revisions_the_newest_are_listed(repository: Path) -> None:
    for number in range(20):
        git(repository, "update-ref", f"refs/heads/b{number}", "main")
    with pytest.raises(UsageError, match="the newest of 22 branches and tags: ") as caught:
        resolve("nowhere", None, repository)
    assert str(caught.value).count(", ") < 15


@pytest.mark.parametrize("ref", ["", "--all", "--since=1", "-h", "origin/", "main..topic", "HEAD:b.py"])
def test_what_names_no_single_commit_is_an_unknown_revision(repository: Path, ref: str) -> None:
    with pytest.raises(UsageError, match=f"no revision '{re.escape(ref)}'"):
        resolve(ref, None, repository)


def test_histories_without_a_common_commit_are_refused(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "other")
    commit(repository, "c.py", "four")
    with pytest.raises(UsageError, match=r"'main' and 'HEAD' have no commit in common in .*; name a --base"):
        resolve("main", None, repository)


def test_a_shallow_clone_without_the_base_says_how_to_fetch_it(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=topic", f"file://{repository}", "shallow")
    with pytest.raises(UsageError, match=r"no revision 'origin/main'.*git fetch --unshallow.*fetch-depth: 0"):
        resolve("origin/main", None, tmp_path / "shallow")
    git(tmp_path / "shallow", "fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main")
    with pytest.raises(UsageError, match=r"no commit in common.*git fetch --unshallow.*fetch-depth: 0"):
        resolve("origin/main", None, tmp_path / "shallow")


def test_a_folder_outside_any_repository_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UsageError, match=r"is in no git repository.*--base-json A\.json --head-json B\.json"):
        resolve("main", None, tmp_path)
    with pytest.raises(UsageError, match="cannot change to"):
        resolve("main", None, tmp_path / "absent")


def test_a_repository_without_commits_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", ".")
    with pytest.raises(UsageError, match="has no commits"):
        resolve("main", None, tmp_path)
    with pytest.raises(UsageError, match=r"no revision 'topic' in .*branches and tags: none"):
        resolve("main", "topic", tmp_path)


def test_a_machine_without_git_is_refused(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(UsageError, match="git is not on PATH"):
        resolve("main", None, repository)


def test_a_repository_that_git_cannot_read_is_refused_in_gits_words(repository: Path) -> None:
    (repository / ".git" / "index").write_text("rubbish")
    with pytest.raises(MachineError, match=r"git status failed: .*index"):
        resolve("main", None, repository)


def test_both_trees_are_there_at_equally_long_paths_and_gone_afterwards(repository: Path, tmp_path: Path) -> None:
    revisions = resolve("main", None, repository)
    with checked_out(revisions, tmp_path / "home") as trees:
        assert {side: (tree / "a.py").read_text() for side, tree in trees.items()} == {"base": "one", "head": "one"}
        assert [(tree / "b.py").exists() for tree in trees.values()] == [False, True]
        assert len({len(str(tree)) for tree in trees.values()}) == 1
        assert {side: git(tree, "rev-parse", "HEAD") for side, tree in trees.items()} == {
            "base": revisions.base,
            "head": revisions.head,
        }
    assert not any(tree.exists() for tree in trees.values())
    assert registered(repository) == [str(repository)]


@pytest.mark.parametrize("way", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_trees_are_removed_however_the_run_ends(repository: Path, tmp_path: Path, way: type[BaseException]) -> None:
    trees: dict[Side, Path] = {}

    def end_in_the_middle() -> None:
        with checked_out(resolve("main", None, repository), tmp_path) as checked:
            trees.update(checked)
            (checked["head"] / "b.py").write_text("changed")
            (checked["head"] / "build.o").touch()
            raise way

    with pytest.raises(way):
        end_in_the_middle()
    assert trees
    assert not any(tree.exists() for tree in trees.values())
    assert registered(repository) == [str(repository)]


def test_a_head_that_cannot_be_checked_out_leaves_no_base_behind(repository: Path, tmp_path: Path) -> None:
    bad = Revisions(git(repository, "rev-parse", "main"), "0" * 40, repository)
    with (
        pytest.raises(MachineError, match=r"cannot check out 000000000000 at .*git worktree failed"),
        checked_out(bad, tmp_path),
    ):
        pass
    assert not (tmp_path / "base" / "tree").exists()
    assert registered(repository) == [str(repository)]


@pytest.mark.parametrize("lost", ["nothing", "folder", "registration", "link"])
def test_what_a_killed_run_left_is_replaced(repository: Path, tmp_path: Path, lost: str) -> None:
    tree = tmp_path / "base" / "tree"
    git(repository, "worktree", "add", "-q", "--detach", "--lock", str(tree), "topic")
    if lost == "folder":
        shutil.rmtree(tree)
    if lost == "registration":
        shutil.rmtree(repository / ".git" / "worktrees")
    if lost == "link":
        (tree / ".git").unlink()
    with checked_out(resolve("main", None, repository), tmp_path) as trees:
        assert not (trees["base"] / "b.py").exists()
    assert registered(repository) == [str(repository)]


def test_worktrees_of_the_users_stay_even_those_whose_disk_is_away(repository: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    git(repository, "worktree", "add", "-q", "--detach", str(away), "topic")
    shutil.rmtree(away)
    with checked_out(resolve("main", None, repository), tmp_path / "home"):
        pass
    assert registered(repository) == [str(repository), str(away)]


def test_a_commit_may_be_checked_out_elsewhere_and_on_both_sides(repository: Path, tmp_path: Path) -> None:
    with checked_out(resolve("topic", None, repository), tmp_path) as trees:
        assert all((tree / "b.py").exists() for tree in trees.values())


def test_the_users_index_head_and_hooks_are_not_touched(repository: Path, tmp_path: Path) -> None:
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
    hook.chmod(0o755)
    os.utime(repository / "b.py", (1e9, 1e9))  # a plain `git status` would now write the index
    untouched = [(repository / ".git" / name) for name in ("index", "HEAD", "logs/HEAD")]
    before = [file.read_bytes() for file in untouched]
    with checked_out(resolve("main", None, repository), tmp_path / "home"):
        pass
    assert [file.read_bytes() for file in untouched] == before
    assert not (tmp_path / "hooked").exists()


def test_inside_a_git_hook_the_repository_is_still_the_folders_own(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "absent"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "absent"))
    with checked_out(resolve("main", None, repository), tmp_path / "home") as trees:
        assert (trees["head"] / "b.py").exists()


def test_submodules_are_checked_out_too(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "library")
    commit(tmp_path / "library", "l.py", "library")
    git(repository, "submodule", "--quiet", "add", str(tmp_path / "library"), "vendor")
    git(repository, "commit", "-q", "-m", "vendor")
    with checked_out(resolve("main", None, repository), tmp_path / "home") as trees:
        assert (trees["head"] / "vendor" / "l.py").read_text() == "library"
        assert not (trees["base"] / "vendor").exists()
    assert registered(repository) == [str(repository)]


def test_a_cache_that_cannot_be_written_is_one_line(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    revisions = resolve("main", None, repository)
    with pytest.raises(MachineError, match=r"cannot make .*OPBENCH_CACHE"), checked_out(revisions, tmp_path / "file"):
        pass


def test_every_repository_has_a_home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert repository_folder(tmp_path / "a").parent == tmp_path / "cache" / "gate"
    assert repository_folder(tmp_path / "a") != repository_folder(tmp_path / "b")
    assert repository_folder(tmp_path / "a") == repository_folder(tmp_path / "link")
