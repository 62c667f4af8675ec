"""`opbench merge`: runs of one sweep as a new run, whole or, where that was asked for, as far as it is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from opbench.errors import UsageError
from opbench.merging.cells import Cell, United, united
from opbench.merging.missing import NAMED, Missing, missing
from opbench.planning import plan_file
from opbench.planning.plan_file import Part, PlanFile
from opbench.store import runs, simulated_counts
from opbench.store.environment_lines import to_lines
from opbench.store.runs import Run
from opbench.vocabulary.simulated_count import SimulatedCount


@dataclass(frozen=True)
class Merged:
    """run: what was written. cells: how many records of how many kinds of environments. missing: what it lacks."""

    run: Run
    cells: int
    kinds: int
    missing: tuple[Missing, ...]


def merge(sources: Sequence[Run], results: Path, *, partial: bool = False) -> Merged:
    """Put runs of one sweep together into a new one below `results`; the files in it depend on no order of theirs.

    partial: go on although shards are missing or not complete. Raises UsageError for runs of several sweeps, records
    that contradict each other, a file that cannot be read, and without `partial` for what is missing; MachineError
    where the run cannot be written. The run's records are written last, whole, so that what is broken off is no run.
    """
    sources = list({run.folder.resolve(): run for run in sources}.values())
    plans = [plan_file.read(run) for run in sources]
    name = _sweep_of(sources, plans)
    found = united([run.records_file for run in sources])
    counts = _counts(sources)
    parts = PlanFile.of((part for plan in plans if plan for part in plan.parts), merged=True)
    recorded = frozenset().union(*found.keys.values())
    lacking = tuple(missing(parts.parts, list(_complete(sources, plans, found)), recorded))
    if lacking and not partial:
        rest = f"; and {len(lacking) - NAMED} more shards" if len(lacking) > NAMED else ""
        told = "; ".join(map(str, lacking[:NAMED]))
        raise UsageError(f"{told}{rest}; measure the rest, or merge what there is by --partial")
    run = Run(runs.new_folder(results, name))
    parts.write(run)
    if counts:
        simulated_counts.add(run, counts)
    run.write_chunks(runs.RECORDS, _lines(found.cells))
    return Merged(run, len(found.cells), len({cell.kind for cell in found.cells}), lacking)


def _sweep_of(sources: Sequence[Run], plans: Sequence[PlanFile | None]) -> str:
    runs_of: dict[str, Run] = {}
    for run, plan in zip(sources, plans, strict=True):
        name = plan.parts[0].request.name if plan and plan.parts else run.folder.resolve().parent.name
        runs_of.setdefault(name, run)
    if len(runs_of) != 1:
        named = ", ".join(f"{name} in {run.folder}" for name, run in sorted(runs_of.items())[:NAMED])
        raise UsageError(f"these are runs of {len(runs_of)} sweeps ({named}); merge those of one")
    return next(iter(runs_of))


def _complete(sources: Sequence[Run], plans: Sequence[PlanFile | None], found: United) -> Iterator[Part]:
    """Parts whose run has as many cases as were planned."""
    for run, plan in zip(sources, plans, strict=True):
        if plan and len(found.keys[run.records_file]) >= sum(part.cases for part in plan.parts):
            yield from plan.parts


def _counts(sources: Sequence[Run]) -> list[SimulatedCount]:
    """Those of all runs, by case. Raises UsageError where two runs say something else of one case."""
    found: dict[tuple[str, str], SimulatedCount] = {}
    for run in sources:
        for count in simulated_counts.read(run):
            key = count.case.key, count.architecture
            if found.setdefault(key, count) != count:
                raise UsageError(
                    f"{run.folder / simulated_counts.FILE} contradicts another run's: {count.case.key:.400} on "
                    f"{count.architecture} was counted otherwise; remove one of the two files"
                )
    return [found[key] for key in sorted(found)]


def _lines(ordered: Iterable[Cell]) -> Iterator[bytes]:
    told: set[str] = set()
    for cell in ordered:
        text, new = to_lines([cell.record()], told)
        told |= new
        yield text.encode()
