"""`opbench ceilings`: what this machine can do, measured once and kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from opbench import catalog
from opbench.cache import cache_folder
from opbench.ceilings import Ceilings, storage
from opbench.ceilings.tasks import SWEEP
from opbench.cli.options import resolve_device
from opbench.cli.progress import Notes, reporter
from opbench.errors import UsageError
from opbench.process.environment import describe
from opbench.process.measuring_process import MeasuringProcess
from opbench.running.ceiling_rounds import measure_ceilings
from opbench.running.estimate import minutes
from opbench.running.reporting import write_report
from opbench.store import runs
from opbench.store.lock import measuring
from opbench.vocabulary.settings import Settings

MOST_S = 50.0
"""What measuring takes at most: rounds go by the clock, see `opbench.running.ceiling_rounds`."""


def run(
    device: str,
    threads: int,
    again: bool,
    output: Path | None,
    results: Path,
    quiet: bool,
    wait: bool,
    as_json: bool,
) -> int:
    """`known`, while nothing else measures on the device."""
    on = resolve_device(device)
    with measuring(on, Notes(sys.stderr).note, wait):
        return known(on, threads, again, output, results, quiet, as_json)


def known(on: str, threads: int, again: bool, output: Path | None, results: Path, quiet: bool, as_json: bool) -> int:
    """Measure the device's ceilings unless they are kept already, or `again`; show them; write them to `output` too.

    `quiet` shows only what was measured now.
    """
    settings = Settings(
        target=0.002, budget_s=catalog.sweep(SWEEP).budget_s, threads=threads, count=False, trusting=True
    )
    environment = _environment(on, threads)
    found = None if again else storage.load_kept(environment)
    page = None
    if found is None:
        found, page = _measure(environment, settings, results, as_json)
        storage.keep(found)
    if output is not None:
        storage.write(found, output)
    if page is not None or not quiet:
        _show(found, page, as_json)
    return 0


def probably_known(device: str, threads: int) -> bool:
    """Whether this machine's ceilings are kept, as far as this process can tell: the measuring one is asked later.

    On a GPU whether any are kept at all: to ask it what it is would cost seconds and its memory.
    """
    try:
        if device != "cpu":
            return any((cache_folder() / "ceilings").glob("*.json"))
        environment = describe(device)
        return storage.load_kept({**environment, "threads": threads or environment["threads"]}) is not None
    except (OSError, UsageError):
        return False


def _environment(device: str, threads: int) -> dict[str, Any]:
    with MeasuringProcess() as process:
        return process.hello(device, threads)


def _measure(environment: dict[str, Any], settings: Settings, results: Path, silent: bool) -> tuple[Ceilings, Path]:
    target = runs.new_run(results, SWEEP)
    with reporter(silent, Notes) as shown:  # of two hundred cases no line each
        shown.note(f"measuring what this machine can do: up to {minutes(MOST_S)}, once")
        ceilings = measure_ceilings(target, environment, settings, shown)
    return ceilings, write_report(target).page


def _show(found: Ceilings, page: Path | None, as_json: bool) -> None:
    if as_json:
        print(json.dumps(storage.to_json(found)))
        return
    from rich.console import Console

    ceilings_table = catalog.shown_by("terminal.ceilings_table.ceilings_table")
    Console(highlight=False).print(ceilings_table(found))
    if page is not None:
        print(f"measured in {found.seconds:.0f} s; report: {page.resolve()}")
    print(f"kept in {storage.kept_file(found.environment)}")
