"""One run of the gate over two commits, for whoever asks for many: measured, its files written, nothing printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from opbench.environments.at_commits import compare_cases
from opbench.gate.output.progress import RunProgress
from opbench.gate.runs.artifacts import LiveRun, new_folder, write_artifacts
from opbench.gate.runs.live import compare_tests
from opbench.gate.runs.options import GateOptions
from opbench.gate.source.worktrees import Revisions
from opbench.gate.stats.rule import Rule

Gate: TypeAlias = Callable[[GateOptions, Rule], "tuple[LiveRun, Path]"]
"""The run over `options.base` and `options.head`, full ids of commits, and the folder of its files. Raises as the gate
does: UsageError, MachineError, and of the latter UnusableRevisionError where a commit is to blame.
"""


def gate_of(root: Path, progress: RunProgress) -> Gate:
    """The live one. root: the top level of the repository.

    Both commits are measured as they are named, without looking for a merge base: they are points of one line.
    """

    def gate(options: GateOptions, rule: Rule) -> tuple[LiveRun, Path]:
        assert options.base is not None
        assert options.head is not None
        revisions = Revisions(options.base, options.head, root)
        compare = compare_cases if options.cases else compare_tests
        run = compare(revisions, options, rule, progress)
        folder = new_folder(options.results, "gate")
        write_artifacts(run, {"base": options.base, "head": options.head}, folder, frozenset())
        return run, folder

    return gate
