"""`opbench merge` as it is typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opbench.commands import arguments
from opbench.commands.invocation import run_command


def merge(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN ...", help="Folders of runs; or SWEEP (its newest run), SWEEP/RUN.")
    ],
    partial: Annotated[
        bool, typer.Option("--partial", help="Go on although shards are missing or not complete.")
    ] = False,
    results: arguments.Results = Path("results"),
    as_json: arguments.AsJson = False,
) -> None:
    """Put runs of one sweep together as a new run: its shards, or what several kinds of devices took for it.

    Refuses records that contradict each other, and names the shards and cases that are missing. The order of the runs
    changes nothing. The report keeps kinds of devices apart.
    """
    run_command("merge.run", tuple(runs), results, partial, as_json)
