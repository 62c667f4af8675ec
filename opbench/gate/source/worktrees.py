"""The two revisions a gate compares, and a detached worktree of each for as long as it runs.

Head is compared with the merge base, as `git diff base...head` does, so that what others put on the main branch
meanwhile does not count against a branch. All of it is git's own work, done beside the user's: no hook runs, and
their index, HEAD and other worktrees stay as they are.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from opbench.cache import cache_folder
from opbench.errors import MachineError, UsageError
from opbench.gate.samples import SIDES, Side
from opbench.gate.source.git import GitError, git
from opbench.gate.source.unusable import UnusableRevisionError

LISTED = 12
FEW = 3


@dataclass(frozen=True)
class Revisions:
    """What is compared: full commit ids, and the top level of the repository.

    note: what the user should know of the choice, "" when there is nothing.
    """

    base: str
    head: str
    root: Path
    note: str = ""


def resolve(base: str, head: str | None, folder: Path) -> Revisions:
    """The merge base of `head` (None: HEAD, with nothing uncommitted) and `base`, and `head`, as commits.

    Raises UsageError: no git, no repository, no commits, no such revision, no common history, uncommitted changes.
    """
    root = top_level(folder)
    tip = _checked_out_commit(root) if head is None else commit(root, head)
    fork = merge_base(base, root, head or "HEAD")
    notes = [_untracked(root)] if head is None else []
    if fork == tip:
        notes.append(f"{base} holds all of {head or 'HEAD'}: {tip[:12]} is compared with itself")
    return Revisions(fork, tip, root, "; ".join(filter(None, notes)))


def merge_base(ref: str, folder: Path, head: str = "HEAD") -> str:
    """The commit at which `head` left `ref`. Raises UsageError as `resolve` does."""
    root = top_level(folder)
    ends = [commit(root, head), commit(root, ref)]
    try:
        return git(root, "merge-base", *ends)
    except GitError:
        message = f"{ref!r} and {head!r} have no commit in common in {root}"
        hint = _shallow(root) or "; name a --base that the work was started from"
        raise UsageError(message + hint) from None


def is_ancestor(old: str, new: str, folder: Path) -> bool:
    """Whether `new` was made from `old`; both are commits of the repository."""
    try:
        return git(folder, "merge-base", old, new) == commit(folder, old)
    except GitError:
        return False


def repository_folder(root: Path) -> Path:
    """The folder that holds one repository's worktrees and environments; its name is a digest of `root`."""
    digest = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:12]
    return (cache_folder() / "gate" / digest).resolve()


@contextmanager
def checked_out(revisions: Revisions, home: Path) -> Iterator[dict[Side, Path]]:
    """Worktrees of both, `home`/SIDE/tree, whose paths are equally long; gone again on leaving, however that is.

    What a killed run left at the same place goes first. Nobody else may use `home` meanwhile. Raises MachineError
    when the cache cannot be written, or git cannot check a revision or its submodules out.
    """
    trees = {side: home / side / "tree" for side in SIDES}
    commits: dict[Side, str] = {"base": revisions.base, "head": revisions.head}
    try:
        # Both at once: 2.2 s instead of 3.4 for 2,000 files, nearly all of it the system's, two cores of an EPYC 9004.
        with ThreadPoolExecutor(len(trees)) as pool:
            list(pool.map(lambda side: _replace(revisions.root, trees[side], commits[side]), SIDES))
        yield trees
    finally:
        remove_worktrees(revisions.root, home)


def remove_worktrees(root: Path, home: Path) -> None:
    """Those that `checked_out` makes there, whoever left them."""
    for side in SIDES:
        _remove(root, home / side / "tree")


def _replace(root: Path, tree: Path, revision: str) -> None:
    _remove(root, tree)
    _add(root, tree, revision)


def _add(root: Path, tree: Path, revision: str) -> None:
    try:
        tree.parent.mkdir(parents=True, exist_ok=True)
        git(root, "worktree", "add", "--detach", str(tree), revision)
    except OSError as exc:
        raise MachineError(f"cannot make {tree.parent}: {exc.strerror}; name a folder by OPBENCH_CACHE") from exc
    except GitError as exc:
        raise MachineError(f"cannot check out {revision[:12]} at {tree}: {exc}") from exc
    if (tree / ".gitmodules").exists():
        try:
            git(tree, "submodule", "update", "--init", "--recursive")
        except GitError as exc:
            raise UnusableRevisionError(f"cannot check out {revision[:12]} at {tree}: {exc}") from exc


def _remove(root: Path, tree: Path) -> None:
    """The folder, then its registration: in this order git asks for nothing to be clean, complete or unlocked.

    Unlike `git worktree prune`, it forgets no worktree of the user's whose disk is away at the moment.
    """
    shutil.rmtree(tree, ignore_errors=True)  # what cannot go makes the next check-out fail, and git says why
    with suppress(GitError):  # it was not registered
        git(root, "worktree", "remove", "--force", "--force", str(tree))


def top_level(folder: Path) -> Path:
    """Of the repository that the folder is in. Raises UsageError where it is in none."""
    try:
        return Path(git(folder, "rev-parse", "--show-toplevel"))
    except GitError as exc:
        if "not a git repository" in str(exc):
            message = f"{folder} is in no git repository; run the gate inside one, or give it two stored files"
            raise UsageError(f"{message}: --base-json A.json --head-json B.json") from None
        raise UsageError(f"git cannot read a repository's files at {folder}: {exc}") from None


def _checked_out_commit(root: Path) -> str:
    try:
        return git(root, "rev-parse", "--verify", "HEAD^{commit}")
    except GitError:
        raise UsageError(f"the branch checked out in {root} has no commits; commit, or name one by --head") from None


def commit(root: Path, ref: str) -> str:
    """The full id of what a branch, a tag or some digits name. Raises UsageError, naming what there is."""
    with suppress(GitError):
        return git(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    names = git(root, "for-each-ref", "--sort=-creatordate", "--format=%(refname:short)").splitlines()
    # `main` is most often meant where only `origin/main` was fetched, and no measure of likeness finds that.
    close = [name for name in names if name.endswith(f"/{ref}")] or difflib.get_close_matches(ref, names, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    listing = ", ".join(names[:LISTED]) or "none"
    among = f"the newest of {len(names)} branches and tags: " if len(names) > LISTED else "branches and tags: "
    raise UsageError(f"no revision {ref!r} in {root}{hint}; {among}{listing}{_shallow(root)}")


def _shallow(root: Path) -> str:
    """What to do where history is cut off, "" where it is whole."""
    if git(root, "rev-parse", "--is-shallow-repository") != "true":
        return ""
    return "; this clone is shallow: `git fetch --unshallow`, or fetch-depth: 0 for actions/checkout"


def _untracked(root: Path) -> str:
    """A note on untracked files. Raises UsageError when tracked ones differ from HEAD."""
    options = ("--porcelain", "--no-renames", "--untracked-files=normal", "--ignore-submodules=untracked", "-z")
    lines = [line for line in git(root, "status", *options).split("\0") if line]
    untracked = [line[3:] for line in lines if line.startswith("??")]
    changed = [line[3:] for line in lines if not line.startswith("??")]
    if changed:
        message = f"tracked files differ from HEAD in {root} ({_few(changed)})"
        raise UsageError(f"{message}: commit or stash them, or name what to gate with --head REF")
    return f"untracked files are no part of it ({_few(untracked)})" if untracked else ""


def _few(names: list[str]) -> str:
    return f"{len(names)}: " + ", ".join(names[:FEW]) + (", ..." if len(names) > FEW else "")
