"""The gate over stored files: `opbench gate --base-json A.json --head-json B.json`.

A process is one value, whatever its samples. A file of `opbench gate` holds many, which ran in lockstep with the other
side's and are compared round by round; a file of plain pytest-benchmark is one process, which ran alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from opbench.gate.fixed import Design, Played, decide
from opbench.gate.listing import Found, matched
from opbench.gate.lockstep import together
from opbench.gate.pairing import in_turns, other_machine, require_pair
from opbench.gate.reading import Entry, Stored, read
from opbench.gate.rounds import Rounds, quartile_log
from opbench.gate.slices import SIDES, Side
from opbench.gate.steady import as_rounds
from opbench.gate.verdict import Judgement, Verdict

if TYPE_CHECKING:
    from opbench.gate.rule import Rule

Files = Mapping[Side, Sequence[Stored]]

DRIFT = "not in lockstep: drift of the machine between the runs is inside these numbers"


def judge(base: Sequence[Path], head: Sequence[Path], rule: Rule, allowed: Collection[Verdict] = ()) -> list[Judgement]:
    """A judgement for every benchmark that a file of either side has or lists.

    allowed: with MACHINE among them, files of different machines are compared all the same. Raises UsageError for
    files that cannot be read or are no pair.
    """
    files: Files = {"base": [read(path) for path in base], "head": [read(path) for path in head]}
    require_pair(files)
    missing = _unmeasured(files)
    left_out = {one.benchmark for one in missing}
    names, unmatched = matched(*([one for one in _found(files[side]) if one.id not in left_out] for side in SIDES))
    machine = other_machine(files)
    if machine and Verdict.MACHINE not in allowed:
        reason = f"other machine: {machine}; --allow machine compares all the same"
        return [*missing, *unmatched, *(Judgement(name, Verdict.MACHINE, reason) for name in names)]
    judged = _compared(names, files, rule)
    if machine:
        judged = [replace(one, reason=f"{one.reason}; allowed: other machine: {machine}") for one in judged]
    return [*missing, *unmatched, *judged]


def _found(files: Sequence[Stored]) -> list[Found]:
    """Every benchmark of a side, as the first file that has it describes it."""
    found: dict[str, Found] = {}
    for file in files:
        for name, entry in file.entries.items():
            found.setdefault(name, entry.found)
    return list(found.values())


def _unmeasured(files: Files) -> list[Judgement]:
    """Benchmarks that a side has, and not all its files: a process that failed leaves nothing behind but a gap."""
    judgements: dict[str, Judgement] = {}
    for side in SIDES:
        listed = dict.fromkeys(name for file in files[side] for name in (*file.listed, *file.entries))
        for name in listed:
            without = [file.path.name for file in files[side] if name not in file.entries]
            if without:
                reason = f"not in {len(without)} of {len(files[side])} {side} files ({without[0]}): did it fail there?"
                judgements[name] = Judgement(name, Verdict.EMPTY, f"{reason} --allow empty lets this pass")
    return list(judgements.values())


def _compared(names: Sequence[str], files: Files, rule: Rule) -> list[Judgement]:
    played: list[Played] = []
    broken: dict[str, Judgement] = {}
    for name in names:
        entries = {side: [file.entries[name] for file in files[side]] for side in SIDES}
        try:
            problem = _problem(entries, files)
            if problem is None:
                played.append(_played(name, entries, lockstep=files["base"][0].origin is not None))
            else:
                broken[name] = Judgement(name, *problem)
        except ValueError as exc:
            broken[name] = Judgement(name, Verdict.INVALID, str(exc))
    decided = {one.benchmark: one for one in _decided(played, files, rule)}
    return [broken.get(name) or decided[name] for name in names]


def _problem(entries: Mapping[Side, Sequence[Entry]], files: Files) -> tuple[Verdict, str] | None:
    for side in SIDES:
        for entry, file in zip(entries[side], files[side], strict=True):
            if entry.problem is not None:
                verdict, reason = entry.problem
                return verdict, f"{file.path.name}: {reason}"
            if entry.found.params != entries[side][0].found.params:
                return Verdict.CHANGED, f"its parameters differ between the files of {side}: {file.path.name}"
    return None


def _played(name: str, entries: Mapping[Side, Sequence[Entry]], *, lockstep: bool) -> Played:
    if not lockstep:
        logs = [[quartile_log(entry.samples_s) for side in SIDES for entry in entries[side]]]
        head = [side == "head" for side in SIDES for _ in entries[side]]
        return Played(name, Rounds(np.array(logs), np.array(head)))
    taken = together(name, {side: entries[side][0].stages for side in SIDES})
    rounds = {stage: as_rounds(part) for stage, part in taken.items()}
    screening = rounds.get("widen") or rounds.get("screen")
    if screening is None:
        raise ValueError("it has no rounds but those of its confirmation")
    return Played(name, screening, rounds.get("confirm"))


def _decided(played: Sequence[Played], files: Files, rule: Rule) -> list[Judgement]:
    origin = files["base"][0].origin
    if origin is not None:
        # Screening looks at every entry of `looks`; widened, it begins again from the second one on.
        looks = 2 * len(origin.rule.looks) - 1
        return decide(
            played, rule, Design(looks, "worker", "workers", "run opbench gate again, quieter or with more workers")
        )
    again = "run pytest --benchmark-json {needed} times a side, in turns"
    judged = decide(played, rule, Design(1, "process", "processes", again))
    if not in_turns(files) and len(files["base"]) + len(files["head"]) > 2:
        judged = [_in_blocks(one) for one in judged]
    return [replace(one, reason=f"{one.reason} ({DRIFT})") for one in judged]


def _in_blocks(one: Judgement) -> Judgement:
    """Exchangeable is what could have run in any order: of two blocks, the machine's drift alone explains the shift."""
    ratio = "" if one.found is None else f"ratio {one.found.ratio:.3f}, but "
    reason = f"{ratio}all of one side ran before the other began; run the sides in turns"
    return replace(one, verdict=Verdict.INCONCLUSIVE, reason=reason)
