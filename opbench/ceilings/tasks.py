"""The cases that the ceilings are measured with: the sweep of that name, at working sets that suit the machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opbench import catalog
from opbench.caches import CacheUse
from opbench.ceilings.memory_levels import memory_levels, working_sets_kib
from opbench.measure.timing.clocks import clock_for
from opbench.planning.plan import Task, plan
from opbench.vocabulary.sweep import Narrowing

SWEEP = "ceilings"


def ceiling_tasks(
    environment: Mapping[str, Any], sizes_kib: tuple[int, ...] = (), use: CacheUse | None = None
) -> list[Task]:
    """Return every ceiling of a device, at these working sets or else at some that suit its memory levels."""
    device = environment["device"]
    sizes_kib = sizes_kib or working_sets_kib(memory_levels(environment, use=use), environment.get("memory_bytes"))
    sweep = catalog.sweep(SWEEP).narrowed(Narrowing(axes={"kib": sizes_kib}))
    return list(plan(sweep, device, clock_for(device)))
