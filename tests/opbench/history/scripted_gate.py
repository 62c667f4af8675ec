"""A gate that knows by a script how long each commit takes; it decides as the real one does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.pool.dry_run import DryRun
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.runs.options import GateOptions
from opbench.gate.samples import SIDES
from opbench.gate.source.unusable import UnusableRevisionError
from opbench.gate.stats.rule import Rule

from ..gate.scripted_workers import Script, ScriptedFactory, fails, steady

WIDE = 0.2
"""A spread between workers at which nothing can be told."""


@dataclass
class ScriptedGate:
    """seconds: by commit and case, or by commit; of those it does not list, 1.

    broken: commits that cannot be imported. wide: heads of which nothing can be told. crashing: at which the case
    crashes. environment: the workers'. asked: base, head, cases and tolerance of every run.
    """

    seconds: Mapping[Any, float] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    wide: frozenset[str] = frozenset()
    crashing: frozenset[str] = frozenset()
    environment: Mapping[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str, tuple[str, ...], float]] = field(default_factory=list)

    def __call__(self, options: GateOptions, rule: Rule) -> tuple[LiveRun, Path]:
        assert options.base is not None
        assert options.head is not None
        cases = tuple(options.cases or options.paths)
        self.asked.append((options.base, options.head, cases, rule.tolerance))
        for side, commit in (("base", options.base), ("head", options.head)):
            if commit in self.broken:
                raise UnusableRevisionError(f"{side} cannot be collected: SyntaxError")
        factory = ScriptedFactory({case: self._script(options.base, options.head, case) for case in cases})
        judgements = SequentialTest(factory.start, rule).run(cases)
        runs = {side: DryRun(environment=self.environment) for side in SIDES}
        return LiveRun(judgements, [], runs, rule), options.results / "gate" / "run"

    def _script(self, base: str, head: str, case: str) -> Script:
        if head in self.crashing:
            return fails("crashed")
        ratio = self._of(head, case) / self._of(base, case)
        return steady(ratio, WIDE) if head in self.wide else steady(ratio)

    def _of(self, commit: str, case: str) -> float:
        return self.seconds.get((commit, case), self.seconds.get(commit, 1.0))
