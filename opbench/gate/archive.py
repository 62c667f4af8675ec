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
from typing import TYPE_CHECKING, Any

from opbench.errors import UsageError
from opbench.files import write_whole
from opbench.gate.columns import tabulate
from opbench.gate.machine import digest, machine_info
from opbench.gate.sample_statistics import statistics_of

if TYPE_CHECKING:
    from opbench.gate.listing import Found
    from opbench.gate.rule import Rule
    from opbench.gate.slices import Side, Taken

SCHEMA = 1

LAYOUT = "5.0.0"
"""The version of pytest-benchmark whose layout this is."""

OPTIONS = {"disable_gc": True, "timer": "perf_counter", "warmup": True}


@dataclass(frozen=True)
class Origin:
    """Where a file's slices come from. run: the same text in both sides' files of one run, and in no other's.

    rule: what the run was decided by: how often it may have looked. environment: the workers', as JSON.
    """

    run: str
    side: Side
    revision: str
    rule: Rule
    environment: Mapping[str, Any]


def write(path: Path, origin: Origin, found: Sequence[Found], taken: Sequence[Taken]) -> None:
    """The slices of the origin's side among `taken`, which holds both sides' in the order they were played.

    found: all benchmarks that the side has. One without slices gets no entry, since other tools cannot read an entry
    without samples, but stays listed, so that a reader misses it. The file appears whole or not at all. Raises
    UsageError where it cannot be written, ValueError for a sample that is not finite.
    """
    played: dict[str, list[Taken]] = {}
    for part in taken:
        played.setdefault(part.benchmark, []).append(part)
    now = datetime.now(UTC).isoformat()
    content = {
        "machine_info": machine_info(origin.environment),
        "commit_info": _commit_info(origin.revision),
        "benchmarks": [_entry(one, played[one.id], origin) for one in found if one.id in played],
        "datetime": now,
        "version": LAYOUT,
        "opbench": {"schema": SCHEMA, **asdict(origin), "listed": [one.id for one in found]},
    }
    _put(path, json.dumps(content, allow_nan=False, separators=(",", ":")))


def _entry(found: Found, taken: Sequence[Taken], origin: Origin) -> dict[str, Any]:
    columns, data = tabulate(taken, origin.side)
    ours = {
        "schema": SCHEMA,
        "slices": columns,
        "environment": digest(origin.environment),
        "digest": found.digest,
    }
    params = None if found.params is None else dict(found.params)
    return {
        "group": found.group,
        "name": found.id.rpartition("::")[2],
        "fullname": found.id,
        "params": params,
        "param": None if params is None else "-".join(params.values()),
        "extra_info": {"opbench": ours},
        "options": OPTIONS,
        "stats": statistics_of(data, columns["calls"][0]),
    }


def _commit_info(revision: str) -> dict[str, Any]:
    commit, _, dirty = revision.partition("+")
    return {"id": commit, "time": None, "author_time": None, "dirty": bool(dirty), "project": None, "branch": None}


def _put(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as exc:
        raise UsageError(f"cannot write {path}: {exc.strerror}; name a file in a folder you may write to") from exc
