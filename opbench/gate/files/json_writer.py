"""A side's slices as a pytest-benchmark file: what other tools of that format read, and all that the gate needs again.

One file a side and one entry a benchmark, all samples of all its slices in `stats.data`. Which worker took them, in
which round and when stands in `extra_info["opbench"]`, what holds for the whole side under the top key `opbench`;
pytest-benchmark and its friends pass over both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opbench.errors import UsageError
from opbench.gate.benchmark import Benchmark
from opbench.gate.files.machine_info import machine_info
from opbench.gate.files.sample_statistics import statistics_of
from opbench.gate.files.slice_columns import to_columns
from opbench.gate.samples import Side, StageSamples
from opbench.gate.stats.rule import Rule
from opbench.store.environment_facts import environment_digest
from opbench.store.files import write_whole

SCHEMA = 1

LAYOUT = "5.0.0"
"""The version of pytest-benchmark whose layout this is."""

OPTIONS = {"disable_gc": True, "timer": "perf_counter", "warmup": True}


@dataclass(frozen=True)
class Origin:
    """Where a file's slices come from. The names of these fields are those of stored files.

    run: the same text in both sides' files of one run, and in no other's.
    rule: what the run was decided by: how often it may have looked.
    environment: the workers', as JSON.
    """

    run: str
    side: Side
    revision: str
    rule: Rule
    environment: Mapping[str, Any]


def write_side(path: Path, origin: Origin, benchmarks: Sequence[Benchmark], samples: Sequence[StageSamples]) -> None:
    """Write the slices of the origin's side among `samples`, which holds both sides' in the order they were measured.

    benchmarks: all that the side has. One without slices gets no entry, since other tools cannot read an entry
    without samples, but stays listed, so that a reader misses it. The file appears whole or not at all. Raises
    UsageError where it cannot be written, ValueError for a sample that is not finite.
    """
    measured: dict[str, list[StageSamples]] = {}
    for stage_samples in samples:
        measured.setdefault(stage_samples.benchmark, []).append(stage_samples)
    content = {
        "machine_info": machine_info(origin.environment),
        "commit_info": _commit_info(origin.revision),
        "benchmarks": [
            _entry(benchmark, measured[benchmark.id], origin) for benchmark in benchmarks if benchmark.id in measured
        ],
        "datetime": datetime.now(UTC).isoformat(),
        "version": LAYOUT,
        "opbench": {"schema": SCHEMA, **asdict(origin), "listed": [benchmark.id for benchmark in benchmarks]},
    }
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    try:
        write_whole(path, text.encode())
    except OSError as exc:
        raise UsageError(f"cannot write {path}: {exc.strerror}; name a file in a folder you may write to") from exc


def _entry(benchmark: Benchmark, samples: Sequence[StageSamples], origin: Origin) -> dict[str, Any]:
    columns, data = to_columns(samples, origin.side)
    extra = {
        "schema": SCHEMA,
        "slices": columns,
        "environment": environment_digest(origin.environment),
        "digest": benchmark.digest,
    }
    params = None if benchmark.params is None else dict(benchmark.params)
    return {
        "group": benchmark.group,
        "name": benchmark.id.rpartition("::")[2],
        "fullname": benchmark.id,
        "params": params,
        "param": None if params is None else "-".join(params.values()),
        "extra_info": {"opbench": extra},
        "options": OPTIONS,
        "stats": statistics_of(data, columns["calls"][0]),
    }


def _commit_info(revision: str) -> dict[str, Any]:
    commit, _, dirty = revision.partition("+")
    return {"id": commit, "time": None, "author_time": None, "dirty": bool(dirty), "project": None, "branch": None}
