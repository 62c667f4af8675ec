"""`opbench roofline --across`: of a merged run, every kind of device as it is expected from each of the others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from opbench import catalog
from opbench.ceilings import Ceilings, storage
from opbench.ceilings.cross_device import DevicePair, device_pairs
from opbench.ceilings.prediction_error import choice, prediction_errors
from opbench.ceilings.validation import with_limit, with_limits
from opbench.errors import UsageError
from opbench.store import runs
from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.sweep import Narrowing


def run(name: str, by: Narrowing, files: Sequence[Path], results: Path, as_json: bool) -> int:
    """Raises UsageError for a run of one kind of device, where fewer than two kinds have limits, where no two measured
    the same case, and for ceilings that are of none of them.
    """
    found = runs.find_run(results, name)
    given = [(file, storage.read(file)) for file in files]
    records = list(_limited(_asked(found.listed().told_apart(merged=True), by), given, str(found.folder)))
    pairs = device_pairs(records)
    if not pairs:
        raise UsageError(_nothing(records, str(found.folder)))
    if as_json:
        for pair in pairs:
            print(json.dumps(_data(pair)))
        return 0
    from rich.console import Console

    console = Console(highlight=False)
    wide = console if console.is_terminal else Console(highlight=False, width=140)
    wide.print(catalog.shown_by("terminal.cross_device_table.cross_device_table")(pairs))
    return 0


def _asked(records: Iterable[Record], by: Narrowing) -> Iterator[Record]:
    for record in records:
        point = record.case.point
        named = (
            (point.operator in by.operators or not by.operators)
            and (point.dtype in by.dtypes or not by.dtypes)
            and (point.mode in by.modes or not by.modes)
        )
        if named and all(point.axes.get(axis) in values for axis, values in by.axes.items()):
            yield record


def _limited(records: Iterable[Record], given: Sequence[tuple[Path, Ceilings]], run: str) -> Iterator[Record]:
    """Records from before their machine's ceilings were known get limits: from what is kept here, or given files."""
    used: set[Path] = set()
    for record in with_limits(records):
        fitting = [(file, known) for file, known in given if not storage.difference(known, record.environment)]
        used.update(file for file, _ in fitting)
        yield with_limit(record, fitting[0][1]) if fitting and record.limit is None else record
    for file, ceilings in given:
        if file not in used:
            device = ceilings.environment.get("device_name", "an unknown machine")
            raise UsageError(f"{file} has the ceilings of {device}, and {run} no record of that machine; leave it out")


def _nothing(records: Sequence[Record], run: str) -> str:
    measured = [record for record in records if isinstance(record.outcome, Measured)]
    kinds = list(dict.fromkeys(record.case.point.device for record in measured))
    if len(kinds) < 2:
        return (
            f"{run} has {'measured cases of ' + kinds[0] if kinds else 'no measured case'}, and --across needs two "
            "kinds of devices; merge runs of several (`opbench merge`), or predict by --ceilings FILE --run RUN"
        )
    limited = {record.case.point.device for record in measured if record.limit is not None}
    if without := [kind for kind in kinds if kind not in limited]:
        return (
            f"the records of {', '.join(without)} in {run} have no limits; name that machine's ceilings by --ceilings "
            "FILE (`opbench ceilings --output FILE` there), or measure again there after `opbench ceilings`"
        )
    return f"no case of {run} was measured on two of its {len(kinds)} kinds of devices ({', '.join(kinds)})"


def _data(pair: DevicePair) -> dict[str, object]:
    chosen = choice(pair.predictions)
    return {
        "source": pair.source,
        "target": pair.target,
        "errors": {name or "all": asdict(error) for name, error in prediction_errors(pair.predictions).items()},
        "choice": None if chosen is None else asdict(chosen),
        "cases": [
            {
                "point": one.point.key,
                "backend": one.backend,
                "expected_s": one.expected_s,
                "measured_s": one.measured_s,
                "unscaled_s": one.unscaled_s,
            }
            for one in pair.predictions
        ],
    }
