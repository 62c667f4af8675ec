"""What a tool outside the process counted of one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Counted:
    """tool: the program that counted.

    figures: per call of the launch, in SI, each name with its tool first and its unit last where it has one, such as
        `ncu_dram_bytes`, `perf_task_clock_s` and `perf_page_faults`. A figure that could not be counted is not there.
    notes: what to know before believing them: what was refused and what to do about it, what was scaled or left out.
    """

    tool: str
    figures: Mapping[str, float]
    notes: tuple[str, ...] = ()
