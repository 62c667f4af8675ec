"""The one door: finds operators, sweeps and reports by name and runs them. Commands live in `opbench.commands`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from opbench.cli import options, output
from opbench.cli.optional_value import Serving, Simulating
from opbench.commands import arguments
from opbench.commands.bisect.command import bisect
from opbench.commands.compare.command import compare
from opbench.commands.gate.command import gate
from opbench.commands.history.command import app as history
from opbench.commands.invocation import end_with, run_command
from opbench.commands.merge.command import merge
from opbench.commands.profile.command import profile
from opbench.commands.roofline.command import roofline
from opbench.commands.sweep.command import sweep
from opbench.commands.watch.command import watch

app = typer.Typer(
    name="opbench",
    help="Measure an operator honestly: many implementations, one interface, one clock, one record.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AXES = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command("ls", epilog="Example:  opbench ls --dispatch")
def list_all(
    dispatch: Annotated[bool, typer.Option("--dispatch", help="The measured tables that `auto` goes by.")] = False,
    as_json: arguments.AsJson = False,
) -> None:
    """List operators, sweeps and reports; or what `auto` picks where."""
    run_command("dispatch_listing" if dispatch else "listing", as_json)


@app.command(epilog="Example:  opbench new operator gated")
def new(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="operator, backend, sweep or report; or file.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name; of a backend, OPERATOR.NAME.")],
    into: Annotated[Path, typer.Option(help="The folder in which it is made.")] = Path(),
    triton: Annotated[bool, typer.Option("--triton", help="Of a backend: with a Triton kernel.")] = False,
) -> None:
    """Write a package of your own that can be installed, tested and measured as it is; or an operator in one file.

    An operator comes with three backends and a sweep. Nothing that is there is overwritten.
    """
    run_command("new", kind, name, into, triton)


@app.command(epilog="Example:  opbench dispatch grid")
def dispatch(
    run: arguments.RunName,
    results: arguments.Results = Path("results"),
    output: Annotated[Path | None, typer.Option(help="Write the table here, not to this machine's cache.")] = None,
    as_json: arguments.AsJson = False,
) -> None:
    """Make the table from which `auto` picks backend and schedule, from a run's records."""
    run_command("dispatch", run, results, output, as_json)


@app.command(epilog="Example:  opbench backends cross_hadamard")
def backends(
    operator: Annotated[str | None, typer.Argument(help="All operators when left out.")] = None,
    as_json: arguments.AsJson = False,
) -> None:
    """List backends: devices, dtypes, modes, and why one is unavailable here."""
    run_command("backends", operator, as_json)


@app.command(
    cls=Simulating, context_settings=AXES, epilog="Example:  opbench check cross_hadamard --dtype float32,bfloat16"
)
def check(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="OPERATOR", help="The operator to check.")],
    backend: arguments.Backends = None,
    dtype: arguments.Dtypes = "float32",
    mode: arguments.Modes = None,
    device: arguments.Device = "auto",
    simulate: arguments.Simulate = "",
    arch: arguments.Architecture = "",
    limit: arguments.Limit = False,
    wait: arguments.Wait = True,
    as_json: arguments.AsJson = False,
) -> None:
    """Hold every backend against the float64 reference, at odd, prime, one and empty sizes.

    Axes are options (--channels 5,17 --edge 7) and replace the operator's own check points. Exit code 1 when a
    backend computes something else, fails, or (--limit) is quicker than the machine's ceilings allow.
    """
    (operator,), extra = options.split("operator", [*words, *context.args], needed=1)
    run_command("check", operator, extra, backend, dtype, mode, device, simulate, arch, limit, wait, as_json)


@app.command(epilog="Example:  opbench ceilings --threads 1")
def ceilings(
    device: arguments.Device = "auto",
    threads: Annotated[int, typer.Option(help="CPU threads; 0 leaves PyTorch's choice.")] = 0,
    again: Annotated[bool, typer.Option("--again", help="Measure, although this machine's are known.")] = False,
    output: Annotated[Path | None, typer.Option(help="Write them here too, to be carried to another machine.")] = None,
    results: arguments.Results = Path("results"),
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing of ceilings that are known already.")] = False,
    wait: arguments.Wait = True,
    as_json: arguments.AsJson = False,
) -> None:
    """Measure what this machine can do: bandwidth of every memory level, multiply-adds, what calls and pages cost.

    Takes under a minute, once per machine and environment; sweeps then say how close to it each backend comes.
    """
    run_command("ceilings", device, threads, again, output, results, quiet, wait, as_json)


@app.command(epilog="Example:  opbench report channels")
def report(
    run: arguments.RunName,
    backend: arguments.Backends = None,
    results: arguments.Results = Path("results"),
    as_json: arguments.AsJson = False,
) -> None:
    """Make a run's table, figures and page again from its records.

    With --backend the records of those backends only, in a folder of its own within the run: any two make a
    heatmap of their difference.
    """
    run_command("report", run, options.words("backend", backend), results, as_json)


@app.command(
    cls=Simulating,
    context_settings=AXES,
    epilog="Example:  opbench count ach --channels 64 --expansion 4 --edge 224",
)
def count(
    context: typer.Context,
    words: arguments.AnyOperator = None,
    dtype: arguments.Dtypes = "float32",
    simulate: arguments.Simulate = "",
    arch: arguments.Architecture = "",
    backend: arguments.Backends = None,
    mode: arguments.CountedMode = None,
    into: arguments.Into = None,
    results: arguments.Results = Path("results"),
    as_json: arguments.AsJson = False,
) -> None:
    """Count MACs, FLOPs, elementwise operations and bytes: by definition, by fvcore and by PyTorch.

    With --simulate=ptx, of an operator's GPU kernels, schedule by schedule: sectors, requests, instructions.
    """
    names, extra = options.split("operator", [*(words or ()), *context.args], needed=0)
    name = names[0] if names else None
    if not (simulate or arch or backend or mode or into):
        run_command("count", name, extra, dtype, as_json)
        return
    from opbench.commands.simulated_count import Request

    request = Request(name, extra, backend, dtype, mode or "forward", simulate, arch, into, results)
    run_command("simulated_count", request, as_json)


app.command(
    cls=Simulating,
    context_settings=AXES,
    epilog="Example:  opbench profile cross_hadamard --backend cpp_ext --channels 64",
)(profile)
app.command(
    cls=Serving, context_settings=AXES, epilog="Example:  opbench sweep channels --channels 16,32 --backend cpp_ext"
)(sweep)
app.command(context_settings=AXES, epilog="Example:  opbench roofline channels --ceilings h200.json --run channels")(
    roofline
)
app.command(epilog="Example:  opbench merge shards/*/channels/*")(merge)
app.command(epilog="Example:  opbench watch channels")(watch)
app.command(context_settings=AXES, epilog="Example:  opbench compare channels results/channels/2026-01-31T12-00-00Z")(
    compare
)
app.command(epilog="Example:  opbench gate --base main --tolerance 3%")(gate)
app.command(epilog="Example:  opbench bisect tests/bench/test_it.py::test_it --good v1.2 --bad main")(bisect)
app.add_typer(history, name="history")


def main() -> NoReturn:
    """Run the command that the command line names; for how it ends, see `end_with`."""
    output.forgive_encodings()
    end_with(lambda: app(sys.argv[1:] or ["--help"], standalone_mode=False))


if __name__ == "__main__":
    main()
