"""One case on the PTX machine: the launches of one call, with what each of them costs. Nothing here is timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from opbench import catalog, ptx, simulation
from opbench.errors import MachineError, OpbenchError, UsageError
from opbench.measure.point import PointMeasurement
from opbench.ptx import cost as costs
from opbench.ptx.counters import SECTOR
from opbench.vocabulary.backend import Backend, Figured
from opbench.vocabulary.case import Case
from opbench.vocabulary.record import Check
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.work import Work

ARCHITECTURE = "sm_90"

T = TypeVar("T")


@dataclass(frozen=True)
class Launched:
    """One launch.

    binary, occupancy: None where nothing here compiles. bound: of this launch alone; None where no bandwidth is known.
    """

    cost: costs.LaunchCost
    binary: costs.Binary | None
    occupancy: costs.Occupancy | None
    bound: costs.Bound | None


@dataclass(frozen=True)
class SimulatedProfile:
    """What one call costs.

    by: what was executed, such as "Triton's PTX". architecture: that it was compiled for. work: the least that a call
    needs. launches: in order. checked: `right`, or what was wrong beside the reference, "" where it was not asked.
    refusals: a sentence for everything that could not be had.
    """

    case: Case
    by: str
    architecture: str
    work: Work
    launches: tuple[Launched, ...]
    checked: str = ""
    refusals: tuple[str, ...] = ()

    @property
    def read_bytes(self) -> int:
        """Moved by reads, a sector counted once a request."""
        return SECTOR * sum(each.cost.counters.sectors_read for each in self.launches)

    @property
    def written_bytes(self) -> int:
        return SECTOR * sum(each.cost.counters.sectors_written for each in self.launches)

    @property
    def distinct_read_bytes(self) -> int:
        """Moved by reads, a sector counted once a launch."""
        return SECTOR * sum(each.cost.counters.distinct_sectors_read for each in self.launches)

    @property
    def distinct_written_bytes(self) -> int:
        return SECTOR * sum(each.cost.counters.distinct_sectors_written for each in self.launches)


def profile_simulated(case: Case, architecture: str = ARCHITECTURE, *, check: bool = True) -> SimulatedProfile:
    """check: whether its result is compared with the reference too, which takes some more calls.

    Raises MachineError where the backend is not executed by the machine, or launches nothing on it; UsageError for an
    architecture that is not known, KernelError for what a thread must not do.
    """
    if case.point.mode == "out":
        raise UsageError("--simulate=ptx takes modes forward and backward; leave --mode out away")
    simulation.switch_on(simulation.PTX)
    operator = catalog.operator(case.point.operator)
    backend = _admitted(case)
    with ptx.device(architecture) as device:
        launch = backend.prepare(case.point, operator.inputs(case.point), None, case.backend.partition(":")[2])
        call = launch.call if isinstance(launch, Figured) else launch
        call()  # what compilers and planners launch the first time is none of a call's
        device.results.clear()
        call()
        results = tuple(device.results)
        checked = _checked(case) if check else ""
    if not results:
        raise MachineError(f"{case.backend}: launched nothing on the PTX machine; is its output empty?")
    refusals: list[str] = []
    launches = tuple(_launched(each, device.properties, refusals) for each in results)
    work = operator.work(case.point)
    told = tuple(dict.fromkeys(refusals))
    return SimulatedProfile(case, backend.simulated_by, architecture, work, launches, checked, told)


def refusal(case: Case) -> str:
    """Why the PTX machine cannot execute this backend at this point; "" where it can.

    Asked once `simulation` is switched on; raises UsageError for an unknown name.
    """
    backend = catalog.backend(case.point.operator, case.backend)
    operator = catalog.operator(case.point.operator)
    if not isinstance(backend, Backend):
        return backend.reason
    if case.point.dtype not in operator.tolerances:
        return f"{operator.name} takes {', '.join(operator.tolerances)}, not {case.point.dtype}"
    if reason := backend.refusal(case.point):
        return reason
    return "" if backend.simulated("cpu") else "has no kernels of its own that the PTX machine executes"


def _admitted(case: Case) -> Backend:
    if reason := refusal(case):
        raise MachineError(f"{case.backend}: {reason}")
    backend = catalog.backend(case.point.operator, case.backend)
    assert isinstance(backend, Backend)
    return backend


def _checked(case: Case) -> str:
    """`right`, or what is wrong, beside the reference."""
    operator = catalog.operator(case.point.operator)
    (verdict,) = PointMeasurement(case.point, [case], Settings(), lambda *_: None).verify(operator).values()
    return "right" if isinstance(verdict, Check) else f"{type(verdict).__name__.lower()}: {verdict}"


def _launched(result: ptx.Result, properties: ptx.Properties, refusals: list[str]) -> Launched:
    """What could not be had is added to `refusals`."""
    architecture = properties.architecture
    binary = _tried(partial(costs.inspect, result.module.text, result.kernel, architecture), refusals)
    occupancy = None
    if binary is not None:
        threads = result.block[0] * result.block[1] * result.block[2]
        shared = max(result.shared_bytes, binary.static_bytes)
        occupancy = _tried(partial(costs.occupancy, properties, threads, binary.registers, shared), refusals)
        if binary.unlisted:
            refusals.append(binary.unlisted)
    least = _tried(partial(costs.bound, architecture, result.counters), refusals)
    return Launched(costs.launch_cost(result), binary, occupancy, least)


def _tried(step: Callable[[], T], refusals: list[str]) -> T | None:
    try:
        return step()
    except OpbenchError as exc:
        refusals.append(str(exc))
        return None
