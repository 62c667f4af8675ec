"""`opbench roofline`: what a sweep would take on the machine of some ceilings, and how near that prediction comes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from opbench import catalog
from opbench.ceilings import Ceilings, storage
from opbench.ceilings.prediction import predict_sweep
from opbench.ceilings.prediction_error import prediction_errors
from opbench.ceilings.validation import with_limits
from opbench.errors import MachineError, UsageError
from opbench.process.measuring_process import MeasuringProcess
from opbench.store import runs
from opbench.store.environment_kinds import device_text
from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.sweep import Narrowing


def run(
    name: str,
    by: Narrowing,
    file: Path | None,
    here: str | None,
    there: str | None,
    results: Path,
    as_json: bool,
) -> int:
    """`here` is a run that was measured elsewhere than on the machine of the ceilings, `there` one on that machine.

    Raises UsageError where either is of several kinds of devices, MachineError where this machine's ceilings are needed
    and not known.
    """
    ceilings = storage.read(file) if file else _of_this_machine()
    sweep = catalog.sweep(name).narrowed(by)
    near = list(with_limits(runs.find_run(results, here).listed())) if here else []
    far = runs.find_run(results, there).records() if there else []
    for records, run_name in ((near, here), (far, there)):
        _refuse_several(records, run_name)
    _refuse_without_limits(near, here)
    _refuse_others(far, ceilings, there)
    predictions = predict_sweep(sweep, ceilings, near, far)
    if not predictions:
        raise UsageError(f"the ceilings of {file or 'this machine'} say too little for any point of sweep {name!r}")
    if as_json:
        for prediction in predictions:
            facts = {"point": prediction.point.key, "backend": prediction.backend}
            print(json.dumps({**facts, **_numbers(asdict(prediction))}))
        return 0
    from rich.console import Console

    console = Console(highlight=False)
    wide = console if console.is_terminal else Console(highlight=False, width=120)
    predictions_table = catalog.shown_by("terminal.predictions_table.predictions_table")
    wide.print(predictions_table(predictions, prediction_errors(predictions), ceilings))
    return 0


def _numbers(whole: dict[str, object]) -> dict[str, object]:
    return {name: whole[name] for name in ("limit", "expected_s", "measured_s")}


def _of_this_machine() -> Ceilings:
    """Raises MachineError where they are not known."""
    from opbench.cli.options import resolve_device

    with MeasuringProcess() as process:
        known = storage.load_kept(process.hello(resolve_device("auto"), 0))
    if known is None:
        raise MachineError(
            "this machine's ceilings are not known: `opbench ceilings`, or name others by --ceilings FILE"
        )
    return known


def _refuse_several(records: Iterable[Record], run: str | None) -> None:
    """What one point took on several machines is no one figure to carry over, or to be held against."""
    environments = {id(record.environment): record.environment for record in records}.values()
    devices = list(dict.fromkeys(map(device_text, environments)))
    if len(devices) > 1:
        raise UsageError(
            f"{run} was measured on {len(devices)} devices ({'; '.join(devices):.200}); expected a run of one: "
            "`opbench roofline SWEEP --across --run RUN` predicts each of them from the others"
        )


def _refuse_without_limits(records: Sequence[Record], run: str | None) -> None:
    measured = [record for record in records if isinstance(record.outcome, Measured)]
    if measured and all(record.limit is None for record in measured):
        raise UsageError(
            f"the records of {run} have no limit to carry over: the ceilings of the machine that measured them are not "
            "known here; run `opbench ceilings` there, then measure again"
        )


def _refuse_others(records: Sequence[Record], ceilings: Ceilings, run: str | None) -> None:
    """A run of another machine says nothing about how good the prediction for this one is; it is of one device."""
    for record in records[:1]:
        if apart := storage.difference(ceilings, record.environment):
            raise UsageError(f"the ceilings are of another machine than {run}: {apart} (there: ceilings, here: run)")
