"""`opbench history` as it is typed: runs added to a folder of rows, listed, shown as a site, carried to other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opbench.cli import options
from opbench.commands import arguments
from opbench.commands.history.into import Into
from opbench.commands.invocation import run_command

app = typer.Typer(
    help="Medians over commits and machines: what moved, when, and with what.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Controls = Annotated[
    str | None,
    typer.Option(help="Operators that the code has no part in; those of the sweep `ceilings` when left out."),
]
Folder = Annotated[Path, typer.Option("--history", help="The folder of the history.")]


@app.command(epilog="Example:  opbench history add channels --history history --repository .")
def add(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN ...",
            help="A run's name or folder, also of the gate; a file of pytest-benchmark; asv's folder of results.",
        ),
    ],
    history: Folder = Path("history"),
    machine: arguments.MeasuredOn = "",
    repository: arguments.Repository = None,
    commit: arguments.MeasuredCommit = "",
    results: arguments.Results = Path("results"),
    as_json: arguments.AsJson = False,
) -> None:
    """Add runs: a row for each case and process, a Parquet file a run, never changed again."""
    run_command("history.add", tuple(runs), Into(history, machine, repository, commit), results, as_json)


@app.command("ls", epilog="Example:  opbench history ls --history history")
def list_all(history: Folder = Path("history"), as_json: arguments.AsJson = False) -> None:
    """List machines with their runs, cases and commits. Exit code 1 where a file cannot be read."""
    run_command("history.listing", history, as_json)


@app.command(epilog="Example:  opbench history page --to site --commit-url https://example.org/commit/{commit}")
def page(
    to: Annotated[Path, typer.Option(help="The folder of the site.")],
    history: Folder = Path("history"),
    repository: arguments.Repository = None,
    commit_url: Annotated[str, typer.Option(help="Where a commit is shown, with {commit} in its place.")] = "",
    control: Controls = None,
    as_json: arguments.AsJson = False,
) -> None:
    """Write a static site: every case's line, its steps with their evidence, sorted by what moved."""
    run_command("history.page", history, to, repository, commit_url, options.words("control", control), as_json)


@app.command(epilog="Example:  opbench history alarms history --repository . --confirm --markdown")
def alarms(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The folder of the history.")] = None,
    history: Folder = Path("history"),
    newest: Annotated[int, typer.Option(help="Look at this many of the newest commits.")] = 30,
    since: Annotated[str, typer.Option(help="Look at what came after this commit of the history.")] = "",
    baseline: Annotated[str, typer.Option(help="The backend that others are compared with: ratios to it too.")] = "",
    control: Controls = None,
    known: Annotated[
        Path | None, typer.Option(help="What --json printed before: of it only what was unconfirmed is told again.")
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Measure old and new code of what is unexplained, by the gate.")
    ] = False,
    explained: Annotated[
        bool, typer.Option("--all", help="With --confirm: also what the environment or the hardware explains.")
    ] = False,
    repository: arguments.Repository = None,
    machine: arguments.MeasuredOn = "",
    operators: arguments.Declaring = None,
    install: arguments.Install = None,
    threads: arguments.LineThreads = 0,
    tolerance: arguments.Slowdown = "",
    results: arguments.Results = Path("results"),
    time_limit: arguments.TimeLimit = 120.0,
    wait: arguments.Wait = True,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown for a comment or an issue.")] = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Name recent steps: code, environment, hardware, baseline or noise; code only where --confirm has shown it.

    Exit code 0: nothing to act on; 1: code confirmed to be slower; 3: asked to confirm, and still open.
    """
    from opbench.commands.history.alarms import AlarmOptions
    from opbench.history.confirming.question import Measuring

    share = options.tolerance(tolerance) if tolerance else 0.0
    again = Measuring(tuple(operators or ()), install, threads, share, results, time_limit, wait)
    asked = AlarmOptions(
        history=folder or history,
        newest=newest,
        since=since,
        baseline=baseline,
        controls=options.words("control", control),
        confirm=confirm,
        explained=explained,
        repository=repository,
        machine=machine,
        measuring=again,
        as_json=as_json,
        markdown=markdown,
        known=known,
    )
    run_command("history.alarms", asked)


@app.command(epilog="Example:  opbench history export --format asv --to for-asv/results --repository .")
def export(
    to: Annotated[Path, typer.Option(help="The folder that is written into.")],
    form: Annotated[str, typer.Option("--format", help="asv or pytest-benchmark.")],
    history: Folder = Path("history"),
    repository: arguments.Repository = None,
) -> None:
    """Write the history as files of another tool. `history add` reads both."""
    run_command("history.export", history, to, form, repository)
