"""The one door: finds operators, sweeps and reports by name and runs them. Commands live in `opbench.commands`."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from opbench.cli import output
from opbench.cli.plain import plain
from opbench.errors import MachineError, OpbenchError

app = typer.Typer(
    name="opbench",
    help="Measure an operator honestly: many implementations, one interface, one clock, one record.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AXES = {"allow_extra_args": True, "ignore_unknown_options": True}

Operators = Annotated[str | None, typer.Option("--operator", help="Only these operators, comma-separated.")]
Backends = Annotated[str | None, typer.Option("--backend", help="Only these backends, comma-separated.")]
Dtypes = Annotated[str | None, typer.Option("--dtype", help="Such as float32,bfloat16.")]
Modes = Annotated[str | None, typer.Option("--mode", help="forward, out, or both comma-separated.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Results = Annotated[Path, typer.Option(help="Folder that holds the runs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON lines for machines.")]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait while another measurement has the device, or exit with code 3.")
]


def _run(command: str, *args: Any) -> NoReturn:
    """Import the command only now: `--help` must not wait for PyTorch."""
    signal.signal(signal.SIGTERM, _stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup, which wants the command to go on
        signal.signal(signal.SIGHUP, _stop)
    try:
        sys.exit(import_module(f"opbench.commands.{command}").run(*args))
    except KeyboardInterrupt:
        kept = "; finished cases are on record, --resume goes on" if command == "sweep" else ""
        _refuse(f"interrupted{kept}", 130)


@app.command("ls", epilog="Example:  opbench ls --dispatch")
def list_all(
    dispatch: Annotated[bool, typer.Option("--dispatch", help="The measured tables that `auto` goes by.")] = False,
    as_json: AsJson = False,
) -> None:
    """List operators, sweeps and reports; or what `auto` picks where."""
    _run("dispatch_listing" if dispatch else "listing", as_json)


@app.command(epilog="Example:  opbench dispatch grid")
def dispatch(
    run: Annotated[str, typer.Argument(help="A run's folder, SWEEP (its newest run) or SWEEP/RUN.")],
    results: Results = Path("results"),
    output: Annotated[Path | None, typer.Option(help="Write the table here, not to this machine's cache.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make the table from which `auto` picks backend and schedule, from a run's records."""
    _run("dispatch", run, results, output, as_json)


@app.command(epilog="Example:  opbench backends cross_hadamard")
def backends(
    operator: Annotated[str | None, typer.Argument(help="All operators when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """List backends: devices, dtypes, modes, and why one is unavailable here."""
    _run("backends", operator, as_json)


@app.command(context_settings=AXES, epilog="Example:  opbench check cross_hadamard --dtype float32,bfloat16")
def check(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="OPERATOR", help="The operator to check.")],
    backend: Backends = None,
    dtype: Dtypes = "float32",
    mode: Modes = None,
    device: Device = "auto",
    simulate: Annotated[bool, typer.Option("--simulate", help="Run GPU kernels without a GPU, simulated.")] = False,
    limit: Annotated[
        bool, typer.Option("--limit", help="Also time one point: nothing may be quicker than this machine can be.")
    ] = False,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Hold every backend against the float64 reference, at odd, prime, one and empty sizes.

    Axes are options (--channels 5,17 --edge 7) and replace the operator's own check points. Exit code 1 when a
    backend computes something else, fails, or (--limit) is quicker than the machine's ceilings allow.
    """
    from opbench.cli.options import split

    (operator,), extra = split("operator", [*words, *context.args], needed=1)
    _run("check", operator, extra, backend, dtype, mode, device, simulate, limit, wait, as_json)


@app.command(context_settings=AXES, epilog="Example:  opbench sweep channels --channels 16,32 --backend cpp_ext")
def sweep(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="NAME", help="The sweep, see `opbench ls`.")],
    operator: Operators = None,
    backend: Backends = None,
    dtype: Dtypes = None,
    mode: Modes = None,
    device: Device = "auto",
    clock: Annotated[str | None, typer.Option(help="wall; on a GPU cuda_events:warm and others.")] = None,
    results: Results = Path("results"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the newest run of this sweep.")] = False,
    target: Annotated[float, typer.Option(help="Stop at this width of the 95 % interval, in percent.")] = 2.0,
    budget: Annotated[
        float | None, typer.Option(help="Seconds of samples per backend and point; 0.5 or the sweep's own.")
    ] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds one step may take before it is killed.")] = 120.0,
    threads: Annotated[
        str, typer.Option(help="CPU threads; 0 leaves PyTorch's choice. Several, as in 1,2, where it is an axis.")
    ] = "0",
    time_split: Annotated[
        bool, typer.Option("--split", help="Also find where one call's time goes: dispatch, allocation, computing.")
    ] = False,
    trusting: Annotated[
        bool, typer.Option("--trusting", help="Look at no output of a timed call; the records say so.")
    ] = False,
    isolate: Annotated[
        bool, typer.Option("--isolate", help="Measure every backend in a process of its own; they still take turns.")
    ] = False,
    with_ceilings: Annotated[
        bool, typer.Option("--ceilings", help="Measure this machine's ceilings first where they are not known.")
    ] = False,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Measure a sweep and write its report.

    Axes are options and replace the sweep's own values: --channels 16,32 --edge 28 --batch 1,8.
    """
    from opbench.cli.options import integers, narrowing, split
    from opbench.vocabulary.settings import Settings

    (name,), extra = split("sweep", [*words, *context.args], needed=1)
    by = narrowing(extra, operator, backend, dtype, mode)
    settings = Settings(
        target=target / 100, time_limit_s=time_limit, split=time_split, trusting=trusting, isolate=isolate
    )
    numbers = integers("threads", threads)
    _run("sweep", name, by, device, clock, results, resume, settings, numbers, budget, with_ceilings, wait, as_json)


@app.command(epilog="Example:  opbench ceilings --threads 1")
def ceilings(
    device: Device = "auto",
    threads: Annotated[int, typer.Option(help="CPU threads; 0 leaves PyTorch's choice.")] = 0,
    again: Annotated[bool, typer.Option("--again", help="Measure, although this machine's are known.")] = False,
    output: Annotated[Path | None, typer.Option(help="Write them here too, to be carried to another machine.")] = None,
    results: Results = Path("results"),
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing of ceilings that are known already.")] = False,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Measure what this machine can do: bandwidth of every memory level, multiply-adds, what calls and pages cost.

    Takes under a minute, once per machine and environment; sweeps then say how close to it each backend comes.
    """
    _run("ceilings", device, threads, again, output, results, quiet, wait, as_json)


@app.command(context_settings=AXES, epilog="Example:  opbench roofline channels --ceilings h200.json --run channels")
def roofline(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="SWEEP", help="The sweep to predict, see `opbench ls`.")],
    ceilings: Annotated[
        Path | None, typer.Option(help="A file of `opbench ceilings --output` of any machine; this machine's else.")
    ] = None,
    run: Annotated[
        str | None, typer.Option(help="A run of another machine, whose backends' work and calls are carried over.")
    ] = None,
    measured: Annotated[str | None, typer.Option(help="A run of that machine, to hold predictions against.")] = None,
    operator: Operators = None,
    dtype: Dtypes = None,
    mode: Modes = None,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """Predict a sweep for a machine that is not here, from its ceilings alone.

    Prints the limit of every point and what sets it; with --run the latency to expect of each backend; with
    --measured how far that was off.
    """
    from opbench.cli.options import narrowing, split

    (name,), extra = split("sweep", [*words, *context.args], needed=1)
    by = narrowing(extra, operator, None, dtype, mode)
    _run("roofline", name, by, ceilings, run, measured, results, as_json)


@app.command(epilog="Example:  opbench report channels")
def report(
    run: Annotated[str, typer.Argument(help="A run's folder, SWEEP (its newest run) or SWEEP/RUN.")],
    backend: Backends = None,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """Make a run's table, figures and page again from its records.

    With --backend the records of those backends only, in a folder of its own within the run: any two make a
    heatmap of their difference.
    """
    from opbench.cli.options import words

    _run("report", run, words("backend", backend), results, as_json)


@app.command(epilog="Example:  opbench compare channels results/channels/2026-01-31T12-00-00Z")
def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN ...", help="Runs, as for `opbench report`.")],
    page: Annotated[Path | None, typer.Option(help="Write a page of it here, such as difference.html.")] = None,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """Hold the first run against each other one, case by case: ratio, interval, decided or not.

    Exit code 1 where a case is surely slower in the first.
    """
    _run("compare", tuple(runs), page, results, as_json)


@app.command(context_settings=AXES, epilog="Example:  opbench count ach --channels 64 --expansion 4 --edge 224")
def count(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[OPERATOR]", help="All operators when left out.")
    ] = None,
    dtype: Dtypes = "float32",
    as_json: AsJson = False,
) -> None:
    """Count MACs, FLOPs, elementwise operations and bytes: by definition, by fvcore and by PyTorch."""
    from opbench.cli.options import split

    names, extra = split("operator", [*(words or ()), *context.args], needed=0)
    _run("count", names[0] if names else None, extra, dtype, as_json)


@app.command(context_settings=AXES, epilog="Example:  opbench profile cross_hadamard --backend cpp_ext --channels 64")
def profile(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="OPERATOR", help="The operator to profile.")],
    backend: Annotated[str | None, typer.Option("--backend", help="One backend, with its schedule if wanted.")] = None,
    point: Annotated[str | None, typer.Option("--point", help="Axes in one word: channels=64,edge=28.")] = None,
    dtype: Annotated[str, typer.Option("--dtype", help="Such as float32.")] = "float32",
    mode: Annotated[str, typer.Option("--mode", help="forward, out or backward.")] = "forward",
    device: Device = "auto",
    ncu: Annotated[bool, typer.Option("--ncu", help="Count with Nsight Compute too (GPU).")] = False,
    perf: Annotated[bool, typer.Option("--perf", help="Count with Linux perf too.")] = False,
    compile_times: Annotated[
        bool, typer.Option("--compile-times", help="Prepare with empty caches and with filled ones too.")
    ] = False,
    results: Results = Path("results"),
    time_limit: Annotated[float, typer.Option(help="Seconds one step may take before it is killed.")] = 120.0,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Take one case apart: where its time goes, its kernels, a trace for Perfetto, peak memory, counters.

    Axes are options (--channels 64 --edge 28); those left out are the operator's defaults. Exit code 3 where the
    backend cannot run here; what its compiler says of its kernels is on the page even then.
    """
    from opbench.cli.options import split
    from opbench.commands.profiling import ProfileOptions
    from opbench.profiling.case_options import CaseOptions
    from opbench.profiling.profiler import OptionalSteps
    from opbench.vocabulary.settings import Settings

    (operator,), extra = split("operator", [*words, *context.args], needed=1)
    case = CaseOptions(operator, extra, point, backend, dtype, mode)
    settings = Settings(time_limit_s=time_limit, split=True)
    steps = OptionalSteps(ncu, perf, compile_times)
    _run("profiling", ProfileOptions(case, device, steps, settings, results, wait, as_json))


@app.command(epilog="Example:  opbench gate --base main --tolerance 3%")
def gate(
    paths: Annotated[list[str] | None, typer.Argument(help="Files or folders of benchmarks.")] = None,
    base: Annotated[str | None, typer.Option(help="Compare with the merge base of head and this revision.")] = None,
    head: Annotated[str | None, typer.Option(help="The revision under test; HEAD when left out.")] = None,
    base_json: Annotated[
        list[Path] | None, typer.Option(help="Stored pytest-benchmark file of base; give one per process.")
    ] = None,
    head_json: Annotated[list[Path] | None, typer.Option(help="The same of head.")] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Hold the gate against itself here: the same code on both sides.")
    ] = False,
    tolerance: Annotated[str, typer.Option(help="The slowdown that is let pass.")] = "3%",
    keyword: Annotated[str | None, typer.Option("-k", help="Only benchmarks that match, as pytest's -k.")] = None,
    allow: Annotated[
        str | None, typer.Option(help="Pass although these cannot be vouched for: new,deleted,inconclusive,...")
    ] = None,
    install: Annotated[
        str | None, typer.Option(help="Give each side an environment of its own: the words after `pip install`.")
    ] = None,
    device: Device = "cpu",
    threads: Annotated[int, typer.Option(help="CPU threads of a worker.")] = 1,
    suites: Annotated[int, typer.Option(help="Runs that --calibrate replays.")] = 1000,
    results: Results = Path("results"),
    time_limit: Annotated[float, typer.Option(help="Seconds one step may take before it is killed.")] = 120.0,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Hold the latency of head against base, benchmark by benchmark, and pass only what was shown to be as fast.

    Exit code 0: passed; 1: a confirmed regression; 2: wrong usage; 3: not all of it could be compared.
    """
    from opbench.gate.runs.options import GateOptions

    _run(
        "gate",
        GateOptions(
            paths=tuple(paths or ("tests/bench",)),
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
        ),
    )


def _files(given: list[Path] | None) -> tuple[Path, ...]:
    """Files of a repeated option, each of which may name several, comma-separated."""
    return tuple(Path(word) for words in given or () for word in str(words).split(","))


def main() -> NoReturn:
    """Run a command. A refused request is one line on standard error and an exit code, never a traceback; so is a
    machine that has no room or no file handles left, whatever was being done.
    """
    output.forgive_encodings()
    try:
        code = _ended()
        output.flush()
    except OpbenchError as exc:
        _refuse(str(exc), exc.exit_code)
    except BrokenPipeError:
        output.drop(sys.stdout)  # the reader left; nobody to tell
        sys.exit(1)
    except Exception as exc:
        if reason := output.exhausted(exc):
            output.drop(sys.stdout)
            _refuse(reason, MachineError.exit_code)
        # What the option parser raises, whichever click this typer carries, knows its own message.
        if not hasattr(exc, "format_message"):
            raise
        _refuse(f"{exc.format_message()} See --help.", 2)
    sys.exit(code)


def _ended() -> str | int:
    """The exit code of the command, which may have ended the program itself."""
    try:
        return app(sys.argv[1:] or ["--help"], standalone_mode=False) or 0
    except SystemExit as exc:
        return exc.code or 0


def _stop(*_: object) -> NoReturn:
    """A polite kill, or a terminal that is closed, ends like Ctrl-C: no process, no temporary file is left behind.

    A terminal's end is told twice, by the system and by the shell; the second must not stop what tidies up.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise KeyboardInterrupt


def _refuse(message: str, code: int) -> NoReturn:
    try:
        print(plain(f"opbench: {message}"), file=sys.stderr, flush=True)
    except OSError:
        output.drop(sys.stderr)  # nobody can be told, and the exit code still says it
    sys.exit(code)


if __name__ == "__main__":
    main()
