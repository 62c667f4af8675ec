"""`opbench bisect` as it is typed: which case, between which commits, and how it is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opbench.cli import options
from opbench.commands import arguments
from opbench.commands.invocation import run_command

FirstParent = Annotated[
    bool, typer.Option("--first-parent", help="Take a merge for one commit, without what was merged.")
]


def bisect(
    case: Annotated[str, typer.Argument(metavar="CASE", help="A test's id, or the key of a case of a sweep.")],
    good: Annotated[str, typer.Option(help="A commit at which it was fast; with --history left out.")] = "",
    bad: Annotated[str, typer.Option(help="A commit made from it at which it is slow; HEAD when left out.")] = "",
    history: Annotated[
        Path | None, typer.Option("--history", help="Take both from the newest slowdown of the case in this history.")
    ] = None,
    machine: Annotated[str, typer.Option(help="With --history: the machine whose line is meant.")] = "",
    repository: Annotated[Path, typer.Option(help="A folder in the repository.")] = Path(),
    operators: arguments.Declaring = None,
    install: arguments.Install = None,
    first_parent: FirstParent = False,
    tolerance: Annotated[
        str, typer.Option(help="What --bad has to be slower by; 3%, or half of the line's step, when left out.")
    ] = "",
    device: Annotated[str, typer.Option(help="cpu or cuda; where the line was measured when left out.")] = "",
    threads: arguments.LineThreads = 0,
    again: Annotated[bool, typer.Option("--again", help="Measure anew what is on record.")] = False,
    results: arguments.Results = Path("results"),
    time_limit: arguments.TimeLimit = 120.0,
    wait: arguments.Wait = True,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown for a comment or an issue.")] = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Find the commit that made a case slower: git's walk, every commit measured by the gate against the good one.

    Commits that cannot be built or imported are skipped. The same command goes on where it was stopped. Exit code 0:
    found; 3: not slower at all, or nobody can tell.
    """
    from opbench.commands.bisect.run import BisectOptions
    from opbench.history.confirming.question import Measuring

    share = options.tolerance(tolerance) if tolerance else 0.0
    measuring = Measuring(tuple(operators or ()), install, threads, share, results, time_limit, wait)
    asked = BisectOptions(
        case=case,
        good=good,
        bad=bad,
        history=history,
        machine=machine,
        repository=repository,
        first_parent=first_parent,
        device=device,
        again=again,
        measuring=measuring,
        as_json=as_json,
        markdown=markdown,
    )
    run_command("bisect.run", asked)
