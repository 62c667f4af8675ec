"""`opbench sweep` as it is typed: over which points, how to measure them, and on which devices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opbench.cli import options
from opbench.commands import arguments
from opbench.commands.history.into import Into
from opbench.commands.invocation import run_command
from opbench.commands.sweep.options import SweepOptions
from opbench.vocabulary.settings import Settings

OneShard = Annotated[
    str, typer.Option("--shard", metavar="I/N", help="Only the I-th of N shards, counted from 1; see `opbench merge`.")
]
Devices = Annotated[
    str | None,
    typer.Option(help="Spread points over these: cuda:0,cuda:1, or processors, cpu:0-3,cpu:4-7."),
]
On = Annotated[str, typer.Option("--on", metavar="ray", help="Spread points over the devices of a Ray cluster.")]
Accelerator = Annotated[str, typer.Option(help="With --on ray: only GPUs of this kind, as Ray calls it, such as H100.")]


def sweep(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="NAME", help="The sweep, see `opbench ls`.")],
    operator: arguments.Operators = None,
    backend: arguments.Backends = None,
    dtype: arguments.Dtypes = None,
    mode: arguments.Modes = None,
    device: arguments.Device = "auto",
    clock: Annotated[str | None, typer.Option(help="wall; on a GPU cuda_events:warm and others.")] = None,
    results: arguments.Results = Path("results"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the newest run of this sweep.")] = False,
    target: Annotated[float, typer.Option(help="Stop at this width of the 95 % interval, in percent.")] = 2.0,
    budget: arguments.Budget = None,
    time_limit: arguments.TimeLimit = 120.0,
    threads: arguments.ThreadNumbers = "0",
    time_split: arguments.Split = False,
    trusting: arguments.Trusting = False,
    isolate: arguments.Isolate = False,
    with_ceilings: arguments.WithCeilings = False,
    shard: OneShard = "1/1",
    devices: Devices = None,
    on: On = "",
    accelerator: Accelerator = "",
    history: arguments.IntoHistory = None,
    machine: arguments.MeasuredOn = "",
    repository: arguments.Repository = None,
    commit: arguments.MeasuredCommit = "",
    wait: arguments.Wait = True,
    serve: arguments.Serve = None,
    as_json: arguments.AsJson = False,
) -> None:
    """Measure a sweep and write its report.

    Axes are options and replace the sweep's own values: --channels 16,32 --edge 28 --batch 1,8.
    """
    (name,), extra = options.split("sweep", [*words, *context.args], needed=1)
    asked = SweepOptions(
        name=name,
        by=options.narrowing(extra, operator, backend, dtype, mode),
        device=device,
        clock=clock,
        results=results,
        resume=resume,
        settings=Settings(
            target=target / 100, time_limit_s=time_limit, split=time_split, trusting=trusting, isolate=isolate
        ),
        threads=options.integers("threads", threads),
        budget_s=budget,
        with_ceilings=with_ceilings,
        shard=shard,
        devices=options.words("devices", devices),
        on=on,
        accelerator=accelerator,
        history=Into(history, machine, repository, commit) if history else None,
        wait=wait,
        serve=serve,
        as_json=as_json,
    )
    run_command("sweep.run", asked)
