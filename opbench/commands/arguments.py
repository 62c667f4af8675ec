"""Arguments that several commands take, and those whose meaning needs a sentence: each with its help, once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AnyOperator = Annotated[list[str] | None, typer.Argument(metavar="[OPERATOR]", help="All operators when left out.")]
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
TimeLimit = Annotated[float, typer.Option(help="Seconds one step may take before it is killed.")]
RunName = Annotated[str, typer.Argument(help="A run's folder, SWEEP (its newest run) or SWEEP/RUN.")]

# Of `count`: with --simulate=ptx.
CountedMode = Annotated[
    str | None, typer.Option("--mode", help="With --simulate=ptx: forward, which is the default, or backward.")
]
Into = Annotated[
    str | None,
    typer.Option(
        metavar="RUN",
        help="With --simulate=ptx: write the rows beside a sweep's run and onto its page; without axes, of its points.",
    ),
]

# Of `sweep`, `check`, `count` and `profile`: how to measure.
Simulate = Annotated[
    str,
    typer.Option(
        "--simulate",
        metavar="[source|ptx]",
        help="Run GPU kernels without a GPU: their source (alone or =source), or what compilers emit (=ptx).",
    ),
]
Architecture = Annotated[
    str, typer.Option("--arch", help="With --simulate=ptx: the GPU that is compiled for, such as sm_80; sm_90 unasked.")
]
Limit = Annotated[
    bool, typer.Option("--limit", help="Also time one point: nothing may be quicker than this machine can be.")
]
Budget = Annotated[float | None, typer.Option(help="Seconds of samples per backend and point; 0.5 or the sweep's own.")]
ThreadNumbers = Annotated[
    str, typer.Option(help="CPU threads; 0 leaves PyTorch's choice. Several, as in 1,2, where it is an axis.")
]
Split = Annotated[
    bool, typer.Option("--split", help="Also find where one call's time goes: dispatch, allocation, computing.")
]
Trusting = Annotated[bool, typer.Option("--trusting", help="Look at no output of a timed call; the records say so.")]
Isolate = Annotated[
    bool, typer.Option("--isolate", help="Measure every backend in a process of its own; they still take turns.")
]
WithCeilings = Annotated[
    bool, typer.Option("--ceilings", help="Measure this machine's ceilings first where they are not known.")
]
IntoHistory = Annotated[
    Path | None, typer.Option("--history", help="Add the run to this history when it is over, see `opbench history`.")
]
MeasuredOn = Annotated[
    str, typer.Option("--machine", help="Of a history: the machine that measured; this one's name when left out.")
]
Repository = Annotated[
    Path | None,
    typer.Option("--repository", help="A clone of what was measured: its graph says which commit follows which."),
]
MeasuredCommit = Annotated[
    str,
    typer.Option("--commit", help="Of a history: the commit that was measured; opbench's own when left out."),
]
# Of `gate`, `bisect` and `history alarms`: how two commits are measured.
Install = Annotated[
    str | None, typer.Option(help="Give each side an environment of its own: the words after `pip install`.")
]
Declaring = Annotated[
    list[str] | None,
    typer.Option("--operators", help="A file of the repository that declares operators, for cases of sweeps over it."),
]
LineThreads = Annotated[int, typer.Option(help="CPU threads of a worker; 0 for those that were measured with.")]
Slowdown = Annotated[
    str, typer.Option("--tolerance", help="The slowdown that is let pass; half of what is claimed when left out.")
]
Serve = Annotated[
    int | None,
    typer.Option(
        metavar="[PORT]",
        min=0,
        max=65535,
        help="Show the run as a page on this machine alone until it is over, at this port or any free one.",
    ),
]
CompileTimes = Annotated[
    bool, typer.Option("--compile-times", help="Prepare with empty caches and with filled ones too.")
]
