"""The interpreter each side's workers run on: this one for both, or an environment built for each.

One for both is right only while base and head declare the same dependencies; a newer NumPy on one side alone is what
a gate must see. So declarations are compared before anything is measured, and a difference is refused, not ignored.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from opbench.gate.samples import Side
from opbench.gate.source.dependencies import declared_dependencies, differences
from opbench.gate.source.environment_build import EnvironmentBuild, RunCommand, install_words, run_logged
from opbench.gate.source.unusable import UnusableRevisionError


@dataclass(frozen=True)
class Checkout:
    """One side, ready to run: its interpreter, and the tree whose code has to come first on the path."""

    python: Path
    tree: Path


def prepare(
    trees: Mapping[Side, Path],
    install: str | None,
    home: Path,
    notify: Callable[[str], None],
    run: RunCommand | None = None,
) -> dict[Side, Checkout]:
    """Both sides' interpreters. `install` is what `pip install` is given in each tree, as in a shell; None: nothing.

    Environments are kept in `home`/SIDE/venv, at equally long paths, for as long as what they were built from stays
    the same. Raises MachineError: declarations differ and `install` is None, they cannot be read, pip fails.
    UsageError: `install` is no list of words.
    """
    declared = {side: declared_dependencies(tree) for side, tree in trees.items()}
    if install is None:
        if differing := list(differences(declared["base"], declared["head"])):
            message = f"base and head declare different dependencies ({'; '.join(differing)})"
            raise UnusableRevisionError(f"{message}; give each side an environment of its own: --install '-e . pytest'")
        return {side: Checkout(Path(sys.executable), tree) for side, tree in trees.items()}
    words = install_words("--install", install, "-e . pytest")
    builds = {
        side: EnvironmentBuild(side, tree, words, home / side, notify, run or run_logged)
        for side, tree in trees.items()
    }
    return {side: Checkout(build.python(declared[side]), build.tree) for side, build in builds.items()}
