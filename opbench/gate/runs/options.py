"""The command's options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.samples import SIDES

DEVICE = "OPBENCH_BENCH_DEVICE"
"""Tells the benchmarks which device to use."""


@dataclass(frozen=True)
class GateOptions:
    """As they were typed. cases: keys of cases to measure in the place of tests."""

    paths: Sequence[str]
    base: str | None
    head: str | None
    base_json: Sequence[Path]
    head_json: Sequence[Path]
    calibrate: bool
    tolerance: str
    keyword: str | None
    allow: str | None
    install: str | None
    device: str
    threads: int
    suites: int
    results: Path
    time_limit_s: float
    as_json: bool
    wait: bool = True
    cases: Sequence[str] = ()

    def launch_config(self, root: Path) -> LaunchConfig:
        """How workers are started. root: the user's repository."""
        return LaunchConfig(
            paths=tuple(self.paths),
            keyword=self.keyword,
            threads=self.threads,
            device=self.device,
            root=root,
            time_limit_s=self.time_limit_s,
            extra_environment={side: {DEVICE: self.device} for side in SIDES},
        )
