"""What one call of every GPU backend costs at a point: a count for each schedule, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from opbench import catalog
from opbench.errors import OpbenchError, describe_exception, unknown
from opbench.profiling.simulated_case import SimulatedProfile, profile_simulated, refusal
from opbench.ptx.errors import KernelError
from opbench.ptx.properties import KNOWN
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.case import Case
from opbench.vocabulary.simulated_count import NotCounted, SimulatedCount


def labels(operator: str, named: Sequence[str] = ()) -> tuple[list[str], list[NotCounted]]:
    """Backends to count, each by its schedules where it has some, and those that are left out.

    named: only these, with a schedule or all of theirs; else every backend but those that are only measured by name.
    Asked once `simulation` is switched on. Raises UsageError for an unknown name.
    """
    kept: list[str] = []
    left_out: list[NotCounted] = []
    for name in named or catalog.backend_names(operator):
        found = catalog.backend(operator, name)
        if not named and isinstance(found, Backend) and found.by_name:
            left_out.append(NotCounted(name, f"counted only where it is named: --backend {name}"))
        elif ":" not in name and isinstance(found, Backend) and found.simulated("cpu") and found.schedules:
            kept += [f"{name}:{schedule}" for schedule in found.schedules]
        else:
            kept.append(name)
    return kept, left_out


def count_simulated(case: Case, architecture: str) -> SimulatedCount | NotCounted:
    """One call, executed and counted; its result is not compared with the reference (`opbench check` does).

    A shape that the backend does not take is no fault of its kernels. Raises UsageError for an architecture that is not
    known.
    """
    if architecture not in KNOWN:
        raise unknown("architecture", architecture, KNOWN)
    if reason := refusal(case):
        return NotCounted(case.backend, reason, point=case.point)
    try:
        return counted(profile_simulated(case, architecture, check=False))
    except KernelError as exc:
        return NotCounted(case.backend, str(exc), faulty=True, point=case.point)
    except OpbenchError as exc:
        return NotCounted(case.backend, str(exc).removeprefix(f"{case.backend}: "), point=case.point)
    except Exception as exc:  # noqa: BLE001  (a backend's own fault; what compilers raise has no base in common)
        return NotCounted(case.backend, describe_exception(exc), not _out_of_memory(exc), case.point)


def _out_of_memory(exc: Exception) -> bool:
    """Whether there was no room: PyTorch's allocator of the CPU says so in a RuntimeError's words alone."""
    return isinstance(exc, MemoryError) or (isinstance(exc, RuntimeError) and "can't allocate memory" in str(exc))


def counted(profile: SimulatedProfile) -> SimulatedCount:
    """The launches of one call, added up."""
    launches = profile.launches
    counters = [launched.cost.counters for launched in launches]
    accesses = [traffic for each in counters for traffic in each.accesses.values()]
    binaries = [launched.binary for launched in launches if launched.binary is not None]
    assembled = len(binaries) == len(launches)
    return SimulatedCount(
        profile.case,
        profile.by,
        profile.architecture,
        profile.work.bytes_read,
        profile.work.bytes_written,
        len(launches),
        thread_instructions=sum(each.thread_instructions for each in counters),
        requests=sum(each.requests for each in counters),
        sectors_read=sum(each.sectors_read for each in counters),
        sectors_written=sum(each.sectors_written for each in counters),
        distinct_sectors_read=sum(each.distinct_sectors_read for each in counters),
        distinct_sectors_written=sum(each.distinct_sectors_written for each in counters),
        requested_bytes=sum(traffic.bytes for traffic in accesses if traffic.space == "global"),
        wavefronts=sum(traffic.wavefronts for traffic in accesses),
        conflicts=sum(each.conflicts for each in counters),
        branches=sum(each.branches for each in counters),
        divergent_branches=sum(each.divergent_branches for each in counters),
        shared_bytes=max(
            *(launched.cost.shared_bytes for launched in launches), *(binary.static_bytes for binary in binaries), 0
        ),
        registers=max(binary.registers for binary in binaries) if assembled else None,
        spill_bytes=max(binary.spill_bytes for binary in binaries) if assembled else None,
    )
