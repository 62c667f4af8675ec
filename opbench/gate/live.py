"""A live run of the gate: two checkouts with their environments, scouts, the trial."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from opbench.errors import MachineError, UsageError
from opbench.gate.company import Company
from opbench.gate.environments import prepare
from opbench.gate.hired import ShortOfMemoryError
from opbench.gate.listing import matched
from opbench.gate.refusing import require_collected
from opbench.gate.scouting import scout
from opbench.gate.slices import SIDES
from opbench.gate.trial import BROKEN, Trial
from opbench.gate.verdict import Judgement
from opbench.gate.worktrees import checked_out, home
from opbench.lock import WAIT_S, exclusive, measuring

if TYPE_CHECKING:
    from opbench.gate.environments import Installed
    from opbench.gate.recipe import Recipe
    from opbench.gate.rule import Rule
    from opbench.gate.scouting import Scouted
    from opbench.gate.slices import Side, Taken
    from opbench.gate.watching import Watching
    from opbench.gate.worktrees import Revisions


@dataclass(frozen=True)
class Ran:
    """A finished run: its judgements, every slice taken, what the workers said of their environment, the rule used."""

    judgements: Sequence[Judgement]
    taken: Sequence[Taken]
    scouted: Mapping[Side, Scouted]
    rule: Rule


@contextmanager
def both(
    revisions: Revisions, install: str | None, watching: Watching, wait: bool = True
) -> Iterator[dict[Side, Installed]]:
    """Base and head checked out, each with its environment; all undone on leaving.

    Raises MachineError where another gates this repository and it is not to `wait`, or has waited long.
    """
    place = home(revisions.root)
    with ExitStack() as stack:
        wait_s = WAIT_S if wait else 0.0
        doing = "gating this repository"
        stack.enter_context(exclusive(f"repository-{place.name}", watching.note, doing=doing, wait_s=wait_s))
        trees = stack.enter_context(checked_out(revisions, place))
        installed = prepare(trees, install, place, watching.note)
        yield installed


def judge(
    installed: Mapping[Side, Installed],
    recipe: Recipe,
    rule: Rule,
    seed: int,
    watching: Watching,
    wait: bool = True,
) -> Ran:
    """Scout both sides, then hold head against base on every benchmark that both can run; nobody else measures.

    Raises UsageError where a side has no benchmarks at all, MachineError where its tests cannot be collected or no
    workers fit into memory.
    """
    with measuring(recipe.device, watching.note, wait), TemporaryDirectory(prefix="opbench-gate-run-") as folder:
        recipe = replace(recipe, common_folder=Path(folder))
        watching.step("scouting: one worker a side runs every benchmark once")
        scouted = scout(installed, recipe)
        _refuse(scouted)
        names, judgements = matched(scouted["base"].found, scouted["head"].found)
        broken = [one for name in names if (one := _broken(name, scouted))]
        playable = [name for name in names if name not in {one.benchmark for one in broken}]
        watching.start(len(names) + len(judgements))
        for one in (*judgements, *broken):
            watching.judged(one)
        worker_bytes = max(one.memory_bytes for one in scouted.values())
        shared = [name for name in scouted["base"].shared if name in scouted["head"].shared]
        company = Company(installed, recipe, worker_bytes, random.Random(seed), watching.step, shared)  # noqa: S311
        try:
            rule = company.afforded(rule)
            decided = Trial(company.hire, rule, watching.judged).run(playable)
        except ShortOfMemoryError as exc:
            raise MachineError(f"no memory for the workers: {exc}; close other programs or narrow with -k") from exc
    return Ran([*judgements, *broken, *decided], company.taken, scouted, rule)


def _refuse(scouted: Mapping[Side, Scouted]) -> None:
    for side in SIDES:
        require_collected(side, scouted[side])
        if strays := scouted[side].strays:
            raise UsageError(
                f"{side} does not run its own code: it imported {strays[0]} from outside its checkout; "
                "give --install so that each side gets an environment of its own"
            )


def _broken(name: str, scouted: Mapping[Side, Scouted]) -> Judgement | None:
    """A judgement where a scout could not run the benchmark."""
    for side in SIDES:
        broken = scouted[side].broken.get(name)
        if broken is not None:
            return Judgement(name, BROKEN[broken.kind], f"{side}: {broken.reason}")
    return None
