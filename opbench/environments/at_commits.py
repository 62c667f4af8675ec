"""Cases timed at two commits that take turns: the gate's run over worktrees, with cases in the place of tests.

What a case is made of, its operator and backends, is each commit's own: those of opbench's packages where the
repository is opbench, those that a package in it announces, or those of files in it that declare operators.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from opbench import operator_files
from opbench.environments.case_file import write_cases
from opbench.environments.case_key import required_case
from opbench.environments.turns import WORKER
from opbench.errors import UsageError
from opbench.gate.output.progress import RunProgress
from opbench.gate.pool.launch import ROOT, LaunchConfig
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.runs.live import judge, prepared_checkouts
from opbench.gate.runs.options import GateOptions
from opbench.gate.samples import Side
from opbench.gate.source.environments import Checkout
from opbench.gate.source.worktrees import Revisions
from opbench.gate.stats.rule import Rule


def compare_cases(revisions: Revisions, options: GateOptions, rule: Rule, progress: RunProgress) -> LiveRun:
    """Head against base on `options.cases`, keys of cases, which are their names too.

    `options.paths` are files of the repository, or modules, that declare operators. Raises UsageError for what is no
    key and for a file outside the repository; else as `judge`.
    """
    cases = {key: required_case(key) for key in options.cases}
    declaring = [_within(revisions.root, path) for path in options.paths]
    with (
        prepared_checkouts(revisions, options.install, progress, options.wait) as checkouts,
        TemporaryDirectory(prefix="opbench-cases-") as folder,
    ):
        listed = Path(folder) / "cases.json"
        write_cases(listed, cases)
        launch = _launch(options, revisions.root, listed, checkouts, declaring)
        return judge(checkouts, launch, rule, secrets.randbits(32), progress, options.wait)


def _within(root: Path, path: str) -> str:
    """A file relative to the repository, a module as it is."""
    if operator_files.is_file(path) and not path.endswith(".py"):
        return path
    place = Path(path).resolve()
    if not path.endswith(".py") or not place.is_relative_to(root.resolve()):
        raise UsageError(f"with --case, {path!r} is not what is expected: a .py file of {root} that declares operators")
    return str(place.relative_to(root.resolve()))


def _in_tree(tree: Path, declaring: str) -> str:
    return str(tree / declaring) if declaring.endswith(".py") else declaring


def _launch(
    options: GateOptions, root: Path, listed: Path, checkouts: Mapping[Side, Checkout], declaring: Sequence[str]
) -> LaunchConfig:
    usual = options.launch_config(root)
    variables = {
        side: {
            **usual.extra_environment.get(side, {}),
            operator_files.VARIABLE: os.pathsep.join(_in_tree(checkout.tree, one) for one in declaring),
        }
        for side, checkout in checkouts.items()
    }
    return replace(
        usual,
        paths=(str(listed),),
        keyword=None,
        program=("-m", WORKER, "."),
        extra_environment=variables,
        last_on_path=ROOT,
    )
