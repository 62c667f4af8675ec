"""`opbench profile` as it is typed: which case, and what is asked of it besides."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opbench.cli import options
from opbench.commands import arguments
from opbench.commands.invocation import run_command
from opbench.vocabulary.settings import Settings


def profile(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="OPERATOR", help="The operator to profile.")],
    backend: Annotated[str | None, typer.Option("--backend", help="One backend, with its schedule if wanted.")] = None,
    point: Annotated[str | None, typer.Option("--point", help="Axes in one word: channels=64,edge=28.")] = None,
    dtype: Annotated[str, typer.Option("--dtype", help="Such as float32.")] = "float32",
    mode: Annotated[str, typer.Option("--mode", help="forward, out or backward.")] = "forward",
    device: arguments.Device = "auto",
    ncu: Annotated[bool, typer.Option("--ncu", help="Count with Nsight Compute too (GPU).")] = False,
    perf: Annotated[bool, typer.Option("--perf", help="Count with Linux perf too.")] = False,
    compile_times: arguments.CompileTimes = False,
    simulate: arguments.Simulate = "",
    arch: arguments.Architecture = "",
    results: arguments.Results = Path("results"),
    time_limit: arguments.TimeLimit = 120.0,
    wait: arguments.Wait = True,
    as_json: arguments.AsJson = False,
) -> None:
    """Take one case apart: where its time goes, its kernels, a trace for Perfetto, peak memory, counters.

    Axes are options (--channels 64 --edge 28); those left out are the operator's defaults. Exit code 3 where the
    backend cannot run here; what its compiler says of its kernels is on the page even then.
    """
    from opbench.profiling.case_options import CaseOptions
    from opbench.profiling.profiler import OptionalSteps

    (operator,), extra = options.split("operator", [*words, *context.args], needed=1)
    case = CaseOptions(operator, extra, point, backend, dtype, mode)
    if simulate or arch:
        run_command("profile.simulated", case, simulate, arch, device, ncu or perf or compile_times, results, as_json)
        return
    settings = Settings(time_limit_s=time_limit, split=True)
    steps = OptionalSteps(ncu, perf, compile_times)
    run_command("profile.run", case, device, steps, settings, results, wait, as_json)
