"""`opbench watch` as it is typed: which runs, and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opbench.commands import arguments
from opbench.commands.invocation import run_command

Runs = Annotated[
    list[str] | None,
    typer.Argument(metavar="[RUN]...", help="A run's folder, SWEEP (its newest run) or SWEEP/RUN; else the newest."),
]


def watch(
    runs: Runs = None,
    results: arguments.Results = Path("results"),
    once: Annotated[bool, typer.Option("--once", help="Say how it stands now, and end.")] = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Look at runs while other processes write them: rows as they come, the slowest, what failed, time left.

    Ends with the runs. Exit code 1 where one ended before it was finished, or a case is wrong or failed.
    """
    run_command("watch.run", tuple(runs or ()), results, once, as_json)
