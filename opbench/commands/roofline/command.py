"""`opbench roofline` as it is typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opbench.cli import options
from opbench.commands import arguments
from opbench.commands.invocation import run_command
from opbench.errors import UsageError


def roofline(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="SWEEP", help="The sweep to predict, see `opbench ls`.")],
    ceilings: Annotated[
        list[Path] | None,
        typer.Option(help="A file of `opbench ceilings --output` of any machine; this machine's else."),
    ] = None,
    run: Annotated[
        str | None, typer.Option(help="A run of another machine, whose backends' work and calls are carried over.")
    ] = None,
    measured: Annotated[str | None, typer.Option(help="A run of that machine, to hold predictions against.")] = None,
    across: Annotated[
        bool,
        typer.Option("--across", help="Of a merged run (--run, else the newest): each kind of device from the others."),
    ] = False,
    operator: arguments.Operators = None,
    dtype: arguments.Dtypes = None,
    mode: arguments.Modes = None,
    results: arguments.Results = Path("results"),
    as_json: arguments.AsJson = False,
) -> None:
    """Predict a sweep for a machine that is not here, from its ceilings alone.

    Prints the limit of every point and what sets it; with --run the latency to expect of each backend; with
    --measured how far that was off. With --across, of a run that was merged of several kinds of devices, what each is
    expected to take from every other, held against what it took; --ceilings then has those that the records lack.
    """
    (name,), extra = options.split("sweep", [*words, *context.args], needed=1)
    by = options.narrowing(extra, operator, None, dtype, mode)
    files = tuple(ceilings or ())
    if across:
        if measured is not None:
            raise UsageError("--across holds every device of one run against the others; leave out --measured")
        run_command("roofline.cross_device", run or name, by, files, results, as_json)
    if len(files) > 1:
        raise UsageError(f"--ceilings was given {len(files)} times, and a sweep is predicted for one machine; name one")
    run_command("roofline.run", name, by, files[0] if files else None, run, measured, results, as_json)
