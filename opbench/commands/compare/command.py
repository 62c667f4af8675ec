"""`opbench compare` as it is typed: runs that there are, or a sweep in two environments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opbench.cli import options
from opbench.commands import arguments
from opbench.commands.invocation import run_command
from opbench.errors import UsageError

Pythons = Annotated[
    list[str] | None,
    typer.Option("--python", help="An interpreter; twice, to measure in both. The first is base, the second head."),
]
Installs = Annotated[
    list[str] | None,
    typer.Option("--with", help="The words after `pip install`: an environment made of them, kept and used again."),
]
Threads = Annotated[int | None, typer.Option(help="With two environments: CPU threads of a worker; 1.")]
Tolerance = Annotated[str | None, typer.Option(help="With two environments: the slowdown that is let pass; 3%.")]
Device = Annotated[str | None, typer.Option(help="With two environments: auto, cpu or cuda.")]


def compare(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(metavar="RUN RUN ... | NAME", help="Runs; or a sweep, an operator or its file, with --python."),
    ],
    python: Pythons = None,
    installs: Installs = None,
    backend: arguments.Backends = None,
    dtype: arguments.Dtypes = None,
    mode: arguments.Modes = None,
    device: Device = None,
    threads: Threads = None,
    tolerance: Tolerance = None,
    page: Annotated[Path | None, typer.Option(help="Write a page of it here, such as difference.html.")] = None,
    results: arguments.Results = Path("results"),
    time_limit: arguments.TimeLimit = 120.0,
    wait: arguments.Wait = True,
    as_json: arguments.AsJson = False,
) -> None:
    """Hold the first run against each other one, case by case: ratio, interval, decided or not.

    With --python A --python B, or --with 'torch==2.11' --with 'torch==2.13': measure NAME in both environments, whose
    processes take turns, and call slower or faster what fresh processes confirm. Axes are options (--channels 16,64).
    Exit code 1 where a case is surely slower in the first run, or in the second environment, or wrong or failed there;
    with environments 3 where a case stays undecided.
    """
    given = [*words, *context.args]
    if not python and not installs:
        only_there = {
            "--backend": backend,
            "--dtype": dtype,
            "--mode": mode,
            "--device": device,
            "--threads": threads,
            "--tolerance": tolerance,
        }
        names = _runs(given, [option for option, value in only_there.items() if value is not None])
        run_command("compare.run", names, page, results, as_json)
    else:
        from opbench.commands.compare.environments import EnvironmentOptions

        (name,), extra = options.split("sweep or operator", given, needed=1)
        asked = EnvironmentOptions(
            name=name,
            by=options.narrowing(extra, None, backend, dtype, mode),
            pythons=tuple(python or ()),
            installs=tuple(installs or ()),
            device=device or "auto",
            threads=1 if threads is None else threads,
            tolerance=tolerance or "3%",
            page=page,
            results=results,
            time_limit_s=time_limit,
            wait=wait,
            as_json=as_json,
        )
        run_command("compare.environments", asked)


def _runs(given: list[str], named: list[str]) -> tuple[str, ...]:
    """The names of runs. Raises UsageError for an option that measuring takes, and runs do not."""
    if unknown := [*named, *(word.partition("=")[0] for word in given if word.startswith("--"))]:
        raise UsageError(f"{unknown[0]} goes with two environments, --python A --python B; runs are taken as they are")
    return tuple(given)
