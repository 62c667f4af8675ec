"""`opbench gate` as it is typed: what is compared, how strictly, and on which machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opbench.commands import arguments
from opbench.commands.history.into import Into
from opbench.commands.invocation import run_command

BaseFiles = Annotated[
    list[Path] | None, typer.Option(help="Stored pytest-benchmark file of base; give one per process.")
]
Cases = Annotated[
    list[str] | None,
    typer.Option(
        help="The key of a case to measure in the place of tests; PATHS are then files that declare operators."
    ),
]
Calibrate = Annotated[
    bool, typer.Option("--calibrate", help="Hold the gate against itself here: the same code on both sides.")
]
Allow = Annotated[
    str | None, typer.Option(help="Pass although these cannot be vouched for: new,deleted,inconclusive,...")
]


def gate(
    paths: Annotated[list[str] | None, typer.Argument(help="Files or folders of benchmarks.")] = None,
    base: Annotated[str | None, typer.Option(help="Compare with the merge base of head and this revision.")] = None,
    head: Annotated[str | None, typer.Option(help="The revision under test; HEAD when left out.")] = None,
    base_json: BaseFiles = None,
    head_json: Annotated[list[Path] | None, typer.Option(help="The same of head.")] = None,
    calibrate: Calibrate = False,
    tolerance: Annotated[str, typer.Option(help="The slowdown that is let pass.")] = "3%",
    case: Cases = None,
    keyword: Annotated[str | None, typer.Option("-k", help="Only benchmarks that match, as pytest's -k.")] = None,
    allow: Allow = None,
    install: arguments.Install = None,
    device: arguments.Device = "cpu",
    threads: Annotated[int, typer.Option(help="CPU threads of a worker.")] = 1,
    suites: Annotated[int, typer.Option(help="Runs that --calibrate replays.")] = 1000,
    results: arguments.Results = Path("results"),
    history: arguments.IntoHistory = None,
    machine: arguments.MeasuredOn = "",
    time_limit: arguments.TimeLimit = 120.0,
    wait: arguments.Wait = True,
    as_json: arguments.AsJson = False,
) -> None:
    """Hold the latency of head against base, benchmark by benchmark, and pass only what was shown to be as fast.

    Exit code 0: passed; 1: a confirmed regression; 2: wrong usage; 3: not all of it could be compared.
    """
    from opbench.gate.runs.options import GateOptions

    options = GateOptions(
        paths=tuple(paths or (() if case else ("tests/bench",))),
        base=base,
        head=head,
        base_json=_files(base_json),
        head_json=_files(head_json),
        calibrate=calibrate,
        tolerance=tolerance,
        keyword=keyword,
        allow=allow,
        install=install,
        device=device,
        threads=threads,
        suites=suites,
        results=results,
        time_limit_s=time_limit,
        as_json=as_json,
        wait=wait,
        cases=tuple(case or ()),
    )
    # The gate's own repository says when its commits were made.
    run_command("gate.run", options, history and Into(history, machine, Path() if base else None))


def _files(given: list[Path] | None) -> tuple[Path, ...]:
    """Files of a repeated option, each of which may name several, comma-separated."""
    return tuple(Path(word) for words in given or () for word in str(words).split(","))
