"""`opbench.compare`: a user's own callables, checked against each other and timed in turns, over axes of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from opbench import catalog
from opbench.cli.notebook_bar import NotebookBar, in_notebook
from opbench.cli.options import DTYPES
from opbench.cli.progress import Bar, Notes
from opbench.custom import pickling
from opbench.custom.checking import check
from opbench.custom.custom_axes import custom_axes
from opbench.custom.definition import Definition
from opbench.custom.implementation import MODES, Implementation
from opbench.custom.interrupted import Interrupted
from opbench.custom.result import Result
from opbench.custom.this_process import ThisProcess
from opbench.errors import UsageError, unknown
from opbench.measure.timing.clocks import clock_for
from opbench.planning.plan import plan
from opbench.process.measuring_process import MeasuringProcess
from opbench.running.runner import Runner
from opbench.store.lock import measuring
from opbench.store.runs import Run, new_run
from opbench.vocabulary.operator import Tolerance
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.sweep import Grid, Sweep

if TYPE_CHECKING:
    from opbench.cli.progress import Reporter
    from opbench.planning.plan import Plan

BUDGET_S = 0.2
"""Seconds of samples a callable and point; a sweep's usual 0.5 are for figures that are kept."""


BAR_AFTER_S = 2.0
"""Seconds before a terminal shows a bar; what is over by then needs none."""


def compare(
    implementations: Mapping[str, Callable[..., Any]] | Iterable[Callable[..., Any]],
    inputs: Callable[..., Any],
    axes: Mapping[str, Iterable[Any]] | None = None,
    *,
    reference: Callable[..., Any] | None = None,
    tolerance: Tolerance | float | None = None,
    dtype: Any = "float32",
    device: str = "cpu",
    mode: str = "forward",
    flops: Callable[..., float] | None = None,
    bytes: Callable[..., float] | None = None,  # noqa: A002  (what it is)
    budget: float = BUDGET_S,
    target: float = 0.02,
    threads: int = 0,
    trusting: bool = False,
    timed: bool = True,
    name: str = "compare",
    quiet: bool = False,
) -> Result:
    """Check callables against each other and time those that are right, at every combination of the axes' values.

    implementations: by name, callables of the same arguments that return one tensor; of a list, by their own names.
    inputs: given one value of each axis by name (and `dtype`, `device`, where it has such parameters), returns the
        arguments: a tuple of positional ones, a dict of named ones, or the only one. Tensors may be anywhere in them.
    axes: by name, values of any kind: sizes, numbers, truth values, names, dtypes, functions.
    reference: what is right, called with floating tensors in float64; the first callable where it is left out.
    tolerance: relative, or a `Tolerance`; what `torch.testing` has for the dtype where it is left out.
    dtype: of tensors whose inputs say none, one or several. device: likewise, `cpu` or `cuda`.
    mode: `forward`, or `backward`: from the gradient of the output to that of the first floating argument.
    flops, bytes: given the axes by name, the least of one call, for rates and the share of the machine's limit.
        Left out, arithmetic is as PyTorch counts it, and bytes are those of the tensors that go in and come out.
    budget: seconds of samples a callable and point. target: width of the interval over the median at which to stop.
    threads: of the CPU; 0 is PyTorch's choice. trusting: look at no output of a timed call.
    timed: whether to time at all; else they are only checked, in this process, and those that are right are
        `Unavailable`, which says so.
    quiet: show no progress; a notebook shows it from the start, a terminal once it takes longer than BAR_AFTER_S.

    What is measured has a process of its own, which starts with memory settings that make figures repeat; callables
    that cannot be carried there are measured in this one, and `notes` says so. A callable that is wrong, that raises or
    kills its process has a record that says that, and no latency.
    Raises UsageError for what cannot be compared, MachineError where the device is not here or busy, and Interrupted,
    a KeyboardInterrupt that has what was measured so far, once the processes it started have ended.
    """
    definition = Definition(
        name=name,
        implementations={key: Implementation(one) for key, one in _named(implementations).items()},
        inputs=inputs,
        axes=custom_axes({key: values for key, values in (axes or {}).items() if key != "dtype"}),
        device=_one_of("device", device, ("cpu", "cuda")),
        reference=reference,
        tolerance=tolerance,
        flops=flops,
        moved_bytes=bytes,
        modes=frozenset({_one_of("mode", mode, MODES)}),
    )
    settings = Settings(target=target, budget_s=budget, threads=threads, trusting=trusting)
    catalog.define(definition.operator())
    tasks = _planned(definition, _dtypes((axes or {}).get("dtype", dtype)), mode, settings)
    if not timed:
        return Result(check(tasks, device, settings))
    return _measured(definition, tasks, settings, quiet)


def _measured(definition: Definition, tasks: Plan, settings: Settings, quiet: bool) -> Result:
    """Raises MachineError and Interrupted as `compare`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="opbench-compare-")))
        shown = stack.enter_context(_reporter(quiet))
        notes: list[str] = []
        run = new_run(folder, definition.name)
        measured = partial(Runner, run, definition.device, settings, shown)
        try:
            stack.enter_context(measuring(definition.device, shown.note))
            try:
                pickling.write(definition, folder / "definition")
                measured(start=MeasuringProcess, definition=folder / "definition").go(tasks)
            except UsageError as exc:
                notes.append(f"measured in this process, whose memory is not set up for it: {exc}")
                measured(start=ThisProcess).go(tasks)
        except KeyboardInterrupt:
            raise Interrupted(_kept(run, notes), tasks.cases) from None
        return Result(run.records(), notes)


def _kept(run: Run, notes: Sequence[str]) -> Result:
    """What is on record, whose last line may be half a line."""
    with run.journal():
        pass
    return Result(run.records(), notes)


def _planned(definition: Definition, dtypes: Sequence[str], mode: str, settings: Settings) -> Plan:
    grid = Grid(
        operators=(definition.name,),
        axes={axis.name: axis.values for axis in definition.axes},
        backends=tuple(definition.implementations),
        dtypes=tuple(dtypes),
        modes=(mode,),
    )
    question = Sweep(f"which of {', '.join(definition.implementations)} is quickest?", (grid,), settings.budget_s)
    return plan(question, definition.device, clock_for(definition.device))


def _named(given: Any) -> dict[str, Callable[..., Any]]:
    if isinstance(given, Mapping):
        return dict(given)
    functions = list(given) if isinstance(given, Iterable) else [given]
    names = [getattr(one, "__name__", type(one).__name__).strip("<>") for one in functions]
    if len(set(names)) < len(names):
        raise UsageError(f"callables are named {', '.join(names)}; give a dict, in which each has a name of its own")
    return dict(zip(names, functions, strict=True))


def _dtypes(given: Any) -> list[str]:
    several = given if isinstance(given, list | tuple) else [given]
    names = [str(one).removeprefix("torch.") for one in several]
    return [_one_of("dtype", one, DTYPES) for one in names]


def _one_of(kind: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise unknown(kind, str(value), known)
    return value


def _reporter(quiet: bool) -> Reporter:
    if quiet:
        return Notes(sys.stderr)
    if in_notebook():
        return NotebookBar()
    return Bar(BAR_AFTER_S) if sys.stderr.isatty() else Notes(sys.stderr)
