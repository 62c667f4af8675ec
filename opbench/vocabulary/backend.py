"""A Backend is one way to compute an operator: it prepares, and what it prepared is launched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from opbench import simulation
from opbench.errors import unknown
from opbench.vocabulary.case import Point
from opbench.vocabulary.record import Trial

if TYPE_CHECKING:
    import torch

Inputs: TypeAlias = "dict[str, torch.Tensor]"
"""Named input tensors of a point, in the order the operator's function takes them."""

Launch: TypeAlias = "Callable[[], torch.Tensor]"
"""Enqueue the computation on the current stream and return its output; all that the clock sees."""


@dataclass(frozen=True)
class Figured:
    """A launch that carries what preparing it showed, for the record: `export_s`, `load_s`, `file_bytes`, `peak_bytes`.

    figures: names end in their unit, which is SI. trials: every configuration that was tried, in that order.
    """

    call: Launch
    figures: Mapping[str, float] = field(default_factory=dict)
    trials: tuple[Trial, ...] = ()

    def __call__(self) -> torch.Tensor:
        return self.call()


@dataclass(frozen=True)
class KernelResources:
    """What one kernel of a launch takes of a GPU, as its compiler says; None where that one does not say.

    registers: of a thread. spill_bytes: of a thread's registers that live in memory instead. shared_bytes: of a block,
    static and dynamic. source: who says so and for which architecture, such as "NVRTC for sm_90".
    """

    name: str
    registers: int | None
    spill_bytes: int | None
    shared_bytes: int | None
    source: str


@dataclass(frozen=True)
class Preparing:
    """Seconds that preparing takes at most on a slow machine whose caches are empty, for telling how long a run takes.

    first_s: once a run, where a library is to be built or a compiler loaded. each_s: at every point.
    ahead: whether preparing leaves something in a cache of this machine that makes the next time quick, and what it
    takes is no result of its own: then points are prepared ahead of a run, several at a time.
    """

    first_s: float = 0.0
    each_s: float = 0.0
    ahead: bool = False


Prepare: TypeAlias = "Callable[[Point, Inputs, torch.Tensor | None, str], Launch]"


EMITTED = {"Triton's interpreter": "Triton's PTX"}
"""What of a backend's runs under `--simulate=ptx`, where it says no more than what interprets its source: Triton's
kernels need nothing said, they are launched on whichever device is active.
"""

KINDS = ("kernels", "framework", "compiler", "runtime", "choice")
"""Written for the operator in one language; a framework's own operators; a compiler of those; a runtime of another
framework; and what launches whichever of the others it picks.
"""


@dataclass(frozen=True)
class Backend:
    """One implementation of one operator. A backend file assigns one of these to `BACKEND`.

    about: one line for listings.
    prepare(point, inputs, out, schedule): everything that happens once (compiling, tuning, index tables),
        returning the launch. `out` is the tensor to write into in mode `out`, else None. `schedule` is one
        of `schedules`, or "" for the backend's own choice. Its time is recorded as `prepare_s`.
    unavailable(device): why this backend cannot run on `cpu` or `cuda` of this machine, or None. It must be
        cheap and must not compile anything.
    kind: one of KINDS, by which a sweep may ask for backends that it does not name (`sweep.Every`).
    rank: where a choice falls without a measurement, the one that can run with the lowest is taken.
    look: colour and marker of its series in figures, as matplotlib writes them, such as ("#0072B2", "o"); empty leaves
        them to its name. Written out in the call, because reports read it from the file (`opbench.looks`).
    by_name: whether it is measured only where it is named; a sweep that names no backends leaves it out.
    simulator: what runs the source of the backend's GPU kernels on CPU tensors when simulation is switched on, such as
        "Triton's interpreter"; empty when nothing does.
    ptx: what its compiler emits that `opbench.ptx` executes under `--simulate=ptx`, such as "Triton's PTX": its launch
        path goes to `opbench.ptx.current()` where that is a device. Left out, it follows from `simulator` (`EMITTED`).
    resources(point, schedule): of every kernel that a launch starts, in that order, compiled for the GPU of this
        machine, or for sm_90 where it has none. Raises MachineError where the compiler is missing. None where the
        backend has no kernels of its own to say it of.
    preparing(): how long `prepare` takes where it compiles; must itself be cheap. Nothing to speak of where left out.
    """

    about: str
    prepare: Prepare
    devices: frozenset[str] = frozenset({"cpu", "cuda"})
    dtypes: frozenset[str] = frozenset({"float32", "float16", "bfloat16", "float64"})
    modes: frozenset[str] = frozenset({"forward"})
    schedules: tuple[str, ...] = ()
    kind: str = "kernels"
    rank: int = 1000
    look: tuple[str, str] | tuple[()] = ()
    by_name: bool = False
    simulator: str = ""
    ptx: str = ""
    unavailable: Callable[[str], str | None] = lambda _: None
    resources: Callable[[Point, str], Sequence[KernelResources]] | None = None
    preparing: Callable[[], Preparing] = Preparing

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown("kind", self.kind, KINDS, f"of backend {self.about!r}")

    @property
    def compiles_each_point(self) -> bool:
        """Whether every point costs it seconds to prepare, so that nothing tries it unasked."""
        return self.preparing().each_s > 0

    def refusal(self, point: Point) -> str | None:
        """Why this backend does not take the point, or None when it does."""
        if reason := self.missing(point.device):
            return reason
        if point.dtype not in self.dtypes:
            return f"takes {_listing(self.dtypes)}, not {point.dtype}"
        if point.mode not in self.modes:
            return f"has {_listing(self.modes)}, not mode {point.mode!r}"
        return None

    def missing(self, device: str) -> str | None:
        """Why this backend cannot run on `cpu` or `cuda` here, whatever the point, or None."""
        if device in self.devices or self.simulated(device):
            return self.unavailable(device)
        if device == "cpu" and self.simulator and simulation.active():
            return f"{self.simulator} runs its source (--simulate=source); what its compiler emits cannot be run yet"
        return f"runs on {_listing(self.devices)}, not on {device}"

    def simulated(self, device: str) -> bool:
        """Whether a simulator stands in for the device: right results, meaningless times.

        On PTX also of a backend that has kernels for the CPU too: those for a GPU are what was asked for.
        """
        if device != "cpu" or not simulation.active() or not self.simulated_by:
            return False
        return simulation.on_ptx() or "cpu" not in self.devices

    @property
    def simulated_by(self) -> str:
        """What stands in for the device, in the way that simulation is switched on; empty where nothing does."""
        return (self.ptx or EMITTED.get(self.simulator, "")) if simulation.on_ptx() else self.simulator


def _listing(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
