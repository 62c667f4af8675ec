"""Pairs of stored files out of synthetic workers, quiet enough to pass, for tests to spoil one thing at a time."""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from opbench.gate.benchmark import Benchmark
from opbench.gate.files.json_writer import Origin, write_side
from opbench.gate.samples import SIDES, Side, Slice, StageSamples
from opbench.gate.stats.rule import Rule

FILE = "tests/bench/test_kernels.py"

BENCHMARKS = (
    Benchmark(f"{FILE}::test_add[8]", {"channels": "8"}, "add", "add"),
    Benchmark(f"{FILE}::test_add[64]", {"channels": "64"}, "add", "add"),
    Benchmark(f"{FILE}::test_transpose", None, "transpose"),
    Benchmark(f"{FILE}::test_sort", None, "sort"),
)

ENVIRONMENT = {
    "device": "cpu",
    "device_name": "EPYC 7003",
    "cores": 2,
    "threads": 1,
    "python": "3.11.7",
    "versions": {"torch": "2.13.0", "numpy": "2.4.6"},
    "pinned": {"MALLOC_TRIM_THRESHOLD_": "1"},
    "load_average": 0.3,
}

ONE_LOOK = Rule(looks=(12,), workers=7, widened=7)
"""The rule of a run that could not stop early."""


@dataclass
class Pair:
    """Two files, one a side."""

    base: Path
    head: Path

    def edit(self, side: Side) -> Editing:
        return Editing(self.base if side == "base" else self.head)


class Editing:
    """The content of a file inside a `with`, written back after it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Any:
        self._content = json.loads(self._path.read_text())
        return self._content

    def __exit__(self, *_: object) -> None:
        self._path.write_text(json.dumps(self._content))


def synthetic(
    benchmark: str, *, slowdown: float = 1.0, workers: int = 7, rounds: int = 12, stage: str = "screen", seed: int = 0
) -> StageSamples:
    """Workers of 1 ms a call that differ by 0.1 %, under a machine that drifts by 3 % from round to round."""
    draw = random.Random(f"{benchmark} {stage} {seed}")
    first = {"screen": 0, "widen": 100, "confirm": 200}[stage]
    sides: dict[int, Side] = {first + number: SIDES[number % 2] for number in range(2 * workers)}
    habit = {number: draw.gauss(0, 1e-3) for number in sides}
    slices = []
    for number in range(rounds):
        weather = draw.gauss(0, 0.03)
        turns = list(sides)
        draw.shuffle(turns)
        for order, worker in enumerate(turns):
            log = habit[worker] + weather + (math.log(slowdown) if sides[worker] == "head" else 0.0)
            samples = tuple(1e-3 * math.exp(log + abs(draw.gauss(0, 1e-3))) for _ in range(8))
            at_s = 1.7e9 + first * 1000 + number + order / 100
            slices.append(Slice(worker, number, order, at_s, 4, samples, sum(samples) * 4, 0))
    return StageSamples(benchmark, stage, sides, slices)


def write_pair(folder: Path, samples: list[StageSamples], rule: Rule = ONE_LOOK) -> Pair:
    pair = Pair(folder / "base.json", folder / "head.json")
    write_side(pair.base, Origin("run-1", "base", "aaaa", rule, ENVIRONMENT), BENCHMARKS, samples)
    write_side(pair.head, Origin("run-1", "head", "bbbb", rule, ENVIRONMENT), BENCHMARKS, samples)
    return pair


def write_plain(
    folder: Path, side: Side, count: int, *, slowdown: float = 1.0, in_turns: bool = True, names: int = 4
) -> list[Path]:
    """Files as pytest-benchmark writes them, one process each."""
    paths = []
    for number in range(count):
        draw = random.Random(f"{side} {number}")
        log = draw.gauss(0, 1e-3) + (math.log(slowdown) if side == "head" else 0.0)
        minute = number if in_turns else number + (1000 if side == "head" else 0)
        entries = [
            {
                "group": None,
                "name": f"test_{place}",
                "fullname": f"{FILE}::test_{place}",
                "params": None,
                "param": None,
                "extra_info": {},
                "options": {},
                "stats": {"data": [1e-3 * math.exp(log + abs(draw.gauss(0, 1e-3))) for _ in range(20)]},
            }
            for place in range(names)
        ]
        content = {
            "machine_info": {
                "machine": "x86_64",
                "python_version": "3.11.7",
                "system": "Linux",
                "cpu": {"brand_raw": "EPYC 7003", "count": 2, "arch": "X86_64"},
            },
            "commit_info": {"id": "abc"},
            "benchmarks": entries,
            "datetime": (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)).isoformat(),
            "version": "5.3.1",
        }
        path = folder / f"{side}{number}.json"
        path.write_text(json.dumps(content))
        paths.append(path)
    return paths
