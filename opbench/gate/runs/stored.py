"""The gate over stored files: `opbench gate --base-json A.json --head-json B.json`.

A process is one value, whatever its samples. A file of `opbench gate` holds many, which ran in lockstep with the other
side's and are compared round by round; a file of plain pytest-benchmark is one process, which ran alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from opbench.gate.benchmark import Benchmark
from opbench.gate.decision.matching import match_benchmarks
from opbench.gate.decision.stored_decision import StoredDesign, StoredRounds, decide_stored
from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.files.compatibility import Files, interleaved, machine_difference, require_compatible
from opbench.gate.files.json_reader import Entry, StoredFile, read_file
from opbench.gate.files.merge import merge_sides
from opbench.gate.samples import SIDES, Side
from opbench.gate.stats.reduce import Rounds, quartile_log
from opbench.gate.stats.rule import Rule
from opbench.gate.stats.throttle_filter import to_rounds

DRIFT = "not in lockstep: drift of the machine between the runs is inside these numbers"


def judge_files(
    base: Sequence[Path], head: Sequence[Path], rule: Rule, allowed: Collection[Verdict] = ()
) -> list[Judgement]:
    """A judgement for every benchmark that a file of either side has or lists.

    allowed: with MACHINE among them, files of different machines are compared all the same. Raises UsageError for
    files that cannot be read or are no pair.
    """
    files: Files = {"base": [read_file(path) for path in base], "head": [read_file(path) for path in head]}
    require_compatible(files)
    missing = _missing(files)
    names, unmatched = match_benchmarks(*(_benchmarks(files[side], missing) for side in SIDES))
    machine = machine_difference(files)
    if machine and Verdict.MACHINE not in allowed:
        reason = f"other machine: {machine}; --allow machine compares all the same"
        return [*missing, *unmatched, *(Judgement(name, Verdict.MACHINE, reason) for name in names)]
    judgements = _compare(names, files, rule)
    if machine:
        judgements = [_with_reason(judgement, f"; allowed: other machine: {machine}") for judgement in judgements]
    return [*missing, *unmatched, *judgements]


def _with_reason(judgement: Judgement, more: str) -> Judgement:
    return replace(judgement, reason=f"{judgement.reason}{more}")


def _benchmarks(files: Sequence[StoredFile], missing: Sequence[Judgement]) -> list[Benchmark]:
    """Every benchmark of a side but the missing ones, as the first file that has it describes it."""
    benchmarks: dict[str, Benchmark] = {}
    for file in files:
        for name, entry in file.entries.items():
            benchmarks.setdefault(name, entry.benchmark)
    for judgement in missing:
        benchmarks.pop(judgement.benchmark, None)
    return list(benchmarks.values())


def _missing(files: Files) -> list[Judgement]:
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


def _compare(names: Sequence[str], files: Files, rule: Rule) -> list[Judgement]:
    stored: list[StoredRounds] = []
    judgements: dict[str, Judgement] = {}
    for name in names:
        entries = {side: [file.entries[name] for file in files[side]] for side in SIDES}
        try:
            problem = _problem(entries, files)
            if problem is None:
                stored.append(_rounds(name, entries, lockstep=files["base"][0].origin is not None))
            else:
                judgements[name] = Judgement(name, *problem)
        except ValueError as exc:
            judgements[name] = Judgement(name, Verdict.INVALID, str(exc))
    judgements |= {judgement.benchmark: judgement for judgement in _decide(stored, files, rule)}
    return [judgements[name] for name in names]


def _problem(entries: Mapping[Side, Sequence[Entry]], files: Files) -> tuple[Verdict, str] | None:
    for side in SIDES:
        for entry, file in zip(entries[side], files[side], strict=True):
            if entry.problem is not None:
                verdict, reason = entry.problem
                return verdict, f"{file.path.name}: {reason}"
            if entry.benchmark.params != entries[side][0].benchmark.params:
                return Verdict.CHANGED, f"its parameters differ between the files of {side}: {file.path.name}"
    return None


def _rounds(name: str, entries: Mapping[Side, Sequence[Entry]], *, lockstep: bool) -> StoredRounds:
    if not lockstep:
        logs = [[quartile_log(entry.samples_s) for side in SIDES for entry in entries[side]]]
        head = [side == "head" for side in SIDES for _ in entries[side]]
        return StoredRounds(name, Rounds(np.array(logs), np.array(head)))
    merged = merge_sides(name, {side: entries[side][0].stages for side in SIDES})
    rounds = {stage: to_rounds(samples) for stage, samples in merged.items()}
    screening = rounds.get("widen") or rounds.get("screen")
    if screening is None:
        raise ValueError("it has no rounds but those of its confirmation")
    return StoredRounds(name, screening, rounds.get("confirm"))


def _decide(stored: Sequence[StoredRounds], files: Files, rule: Rule) -> list[Judgement]:
    origin = files["base"][0].origin
    if origin is not None:
        # Screening looks at every entry of `looks`; widened, it begins again from the second one on. What passes in
        # between has an interval that leaves nothing to claim.
        looks = 2 * len(origin.rule.looks) - 1
        again = "run opbench gate again, quieter or with more workers"
        return decide_stored(stored, rule, StoredDesign(looks, "worker", "workers", again))
    again = "run pytest --benchmark-json {needed} times a side, in turns"
    judgements = decide_stored(stored, rule, StoredDesign(1, "process", "processes", again))
    if not interleaved(files) and len(files["base"]) + len(files["head"]) > 2:
        judgements = [_in_blocks(judgement) for judgement in judgements]
    return [_with_reason(judgement, f" ({DRIFT})") for judgement in judgements]


def _in_blocks(judgement: Judgement) -> Judgement:
    """Exchangeable is what could have run in any order: of two blocks, the machine's drift alone explains the shift."""
    ratio = "" if judgement.comparison is None else f"ratio {judgement.comparison.ratio:.3f}, but "
    reason = f"{ratio}all of one side ran before the other began; run the sides in turns"
    return replace(judgement, verdict=Verdict.INCONCLUSIVE, reason=reason)
