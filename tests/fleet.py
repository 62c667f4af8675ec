"""A fleet whose truth is known: three kinds of devices with round ceilings, and what backends take on each.

A call takes an empty one, what the roofline takes, and a backend's own number of times what arithmetic alone takes, so
that whoever knows the number knows the latency.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from opbench.ceilings import Ceilings, Level, Rate
from opbench.ceilings.roofline import limit_of
from opbench.merging.merge import merge
from opbench.store.environment_facts import environment_digest
from opbench.store.environment_kinds import kind_names
from opbench.store.runs import Run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Check, Measured, Record
from opbench.vocabulary.work import Work

PASSED = Check(True, 9, 0, 0.0, 0.0, 0.0, 0.0)

CLOCKS = {"cpu": "wall", "cuda": "cuda_events:warm"}


@dataclass(frozen=True)
class Device:
    """environment: of its records. ceilings: what it can do."""

    environment: Mapping[str, Any]
    ceilings: Ceilings

    @property
    def sort(self) -> str:
        return str(self.environment["device"])

    @property
    def name(self) -> str:
        """As a run of the whole fleet calls it."""
        return kind_names(one.environment for one in FLEET)[environment_digest(self.environment)]


def device(
    environment: Mapping[str, Any], caches: Mapping[str, float], memory: float, flops: float, call: float
) -> Device:
    """caches: bytes of each level. memory: bytes a second of the last level, twice as many of each one before it."""
    names = [*caches, "DRAM"]
    sizes = [size / 2 for size in caches.values()] + [4 * max(caches.values())]
    rates = [memory * 2 ** (len(names) - 1 - place) for place in range(len(names))]
    curve = {int(size): flat(rate) for size, rate in zip(sizes, rates, strict=True)}
    return Device(
        environment,
        Ceilings(
            {name: environment[name] for name in ("device", "device_name", "threads") if name in environment}
            | {"torch": environment["versions"]["torch"]},
            tuple(Level(name, size) for name, size in zip(names, [*caches.values(), math.inf], strict=True)),
            dict.fromkeys(("read", "write", "copy"), curve),
            {"multiply_add": {"float32": flat(flops / 2)}},
            {"call" if environment["device"] == "cpu" else "launch": flat(call)},
        ),
    )


def flat(value: float) -> Rate:
    return Rate(value, value, value)


VERSIONS = {"versions": {"torch": "2.13.0"}}
H200 = device(
    {"device": "cuda", "device_name": "NVIDIA H200", "threads": 8} | VERSIONS, {"L2": 50e6}, 4e12, 60e12, 2e-6
)
A100 = device(
    {"device": "cuda", "device_name": "NVIDIA A100-SXM4-40GB", "threads": 8} | VERSIONS, {"L2": 40e6}, 1e12, 20e12, 3e-6
)
CPU = device(
    {"device": "cpu", "device_name": "AMD EPYC 9654 96-Core Processor", "threads": 2} | VERSIONS,
    {"L1": 64e3, "L2": 2e6, "L3": 32e6},
    3e10,
    2e11,
    1e-6,
)
FLEET = (H200, A100, CPU)


def case(
    on: Device, backend: str = "torch_eager", beyond: float = 20.0, clock: str = "", spread: float = 0.01, **axes: int
) -> Record:
    """A product of all pairs of channels. beyond: times the arithmetic's time. spread: half the samples' range."""
    axes = {"batch": 1, "channels": 64, "edge": 28, "selected": 0} | axes
    pairs = axes["channels"] * (axes["channels"] - 1) // 2
    pixels = axes["batch"] * axes["edge"] ** 2
    work = Work(0, pairs * pixels, 0, 4 * axes["channels"] * pixels, 4 * pairs * pixels)
    point = Point("cross_hadamard", Axes(axes), "float32", on.sort, "forward", clock or CLOCKS[on.sort])
    made = Record(Case(point, backend), _took(1.0, spread), on.environment, "0123456789ab", "2026-01-02T03:04:05", work)
    limit = limit_of(made, on.ceilings)
    assert limit is not None
    return replace(
        made, outcome=_took(limit.launch_s + limit.roof_s + beyond * limit.arithmetic_s, spread), limit=limit
    )


def _took(seconds: float, spread: float) -> Measured:
    samples = tuple(seconds * (1 + spread * place / 10) for place in range(-10, 11))
    return Measured(PASSED, samples, 1, "target", 0.0, 1, 0.0, 0.0)


def told_apart(records: Iterable[Record]) -> list[Record]:
    """As the report of a merged run has them: under a device that says which kind it is."""
    names = {environment_digest(one.environment): one.name for one in FLEET}
    return [
        replace(
            one,
            case=replace(one.case, point=replace(one.case.point, device=names[environment_digest(one.environment)])),
        )
        for one in records
    ]


def merged_run(folder: Path, records: Iterable[Record], sweep: str = "channels") -> Run:
    """The records in a run for each device, and those runs merged below `folder / "merged"`."""
    runs: dict[str, list[Record]] = {}
    for record in records:
        runs.setdefault(environment_digest(record.environment), []).append(record)
    sources = []
    for kind, of_kind in runs.items():
        source = Run(folder / sweep / kind)
        source.folder.mkdir(parents=True)
        source.append(of_kind)
        sources.append(source)
    return merge(sources, folder / "merged").run
