"""What many workers measured in lockstep, stored so that the decision can be replayed on them (replay.py)."""

from __future__ import annotations

import json
import random
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from opbench.errors import UsageError, describe_exception
from opbench.gate.samples import StageSamples
from opbench.gate.stats.reduce import grid, head_mask, to_table, turn_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA = 1

STEP = 1e-4
"""Samples are kept as whole steps of this size of the logarithm over the benchmark's median: 0.01 %, up to 26 times."""


@dataclass(frozen=True)
class Recording:
    """One benchmark as many workers ran it in lockstep.

    logs: (rounds, workers), see Rounds.
    head: (workers,), true where a worker ran head's code.
    samples_s: (rounds, workers, kept) seconds per call, the first samples of every slice; empty where none were kept.
    about: what was recorded: machine, condition, `slice_s`, and for head's code `truth`, its time over base's.
    order: (rounds, workers), see Rounds.
    """

    benchmark: str
    logs: NDArray[np.float64]
    head: NDArray[np.bool_]
    samples_s: NDArray[np.float64]
    about: dict[str, Any] = field(default_factory=dict)
    order: NDArray[np.int64] | None = None

    def with_random_sides(self, random: random.Random) -> Recording:
        """The same workers with sides drawn anew, half of them head's. Only for a recording of the same code."""
        if self.head.any():
            raise UsageError(f"{self.benchmark} was recorded with two codes: its workers cannot change sides")
        head = np.zeros(len(self.head), dtype=bool)
        head[random.sample(range(len(head)), len(head) // 2)] = True
        return replace(self, head=head)


def record(samples: StageSamples, kept: int, about: dict[str, Any], *, same_code: bool) -> Recording:
    """A recording of a measured benchmark. kept: raw samples of a slice. same_code: whether sides mean nothing."""
    row, column = grid(samples)
    kept = min(kept, *(len(turn.samples_s) for turn in samples.slices))
    samples_s = np.zeros((len(row), len(column), kept))
    for turn in samples.slices:
        samples_s[row[turn.round], column[turn.worker]] = turn.samples_s[:kept]
    head = head_mask(samples)
    head = np.zeros_like(head) if same_code else head
    return Recording(samples.benchmark, to_table(samples), head, samples_s, about, turn_order(samples))


def save(recordings: Sequence[Recording], path: Path) -> None:
    arrays: dict[str, Any] = {}
    for number, recording in enumerate(recordings):
        median_s = float(np.exp(np.median(recording.logs)))
        with np.errstate(divide="ignore"):
            steps = np.round(np.log(recording.samples_s / median_s) / STEP)
        about = {"schema": SCHEMA, "benchmark": recording.benchmark, "middle_s": median_s, "about": recording.about}
        arrays |= {
            f"{number}.about": np.array(json.dumps(about)),
            f"{number}.logs": np.round((recording.logs - np.log(median_s)) / STEP * 10).astype(np.int32),
            f"{number}.head": recording.head,
            f"{number}.samples": np.clip(steps, -32768, 32767).astype(np.int16),
        }
        if recording.order is not None:
            arrays[f"{number}.order"] = recording.order.astype(np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)


def load(path: Path) -> list[Recording]:
    """Raises UsageError for a file that is no recording of this schema."""
    try:
        # Opened here: NumPy leaves the file open where the archive is damaged.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return [_recording(file, number) for number in range(sum(name.endswith(".about") for name in file.files))]
    except _DAMAGED as exc:
        raise UsageError(
            f"{path} is no recording of the gate's workers ({describe_exception(exc):.200}); expected a file "
            "that `save` of opbench.gate.files.recording wrote, whole"
        ) from exc


_DAMAGED = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, NotImplementedError, RuntimeError),
    *(RecursionError, MemoryError, SyntaxError, struct.error, tokenize.TokenError, zlib.error, zipfile.BadZipFile),
)
"""What NumPy and the modules for archives raise of a file that is not as it was written."""


def _recording(file: Mapping[str, Any], number: int) -> Recording:
    about = json.loads(str(file[f"{number}.about"]))
    if about["schema"] != SCHEMA:
        raise ValueError(f"its schema is {about['schema']}, this opbench reads {SCHEMA}")
    median_s = about["middle_s"]
    logs, head, samples = (file[f"{number}.{name}"] for name in ("logs", "head", "samples"))
    order = file[f"{number}.order"].astype(np.int64) if f"{number}.order" in file else None
    if logs.ndim != 2 or not logs.size or head.shape != logs.shape[1:] or samples.shape[:2] != logs.shape:
        raise ValueError(f"logs of {logs.shape}, head of {head.shape}, samples of {samples.shape}: of no one recording")
    if head.dtype.kind != "b" or samples.ndim != 3 or (order is not None and order.shape != logs.shape):
        raise ValueError("its sides are no truth values, or its samples or turns are of another recording")
    benchmark, circumstances = about["benchmark"], about["about"]
    if not isinstance(benchmark, str) or not isinstance(circumstances, dict):
        raise TypeError("its benchmark has no name, or nothing is said about it")
    recording = Recording(
        benchmark,
        logs * (STEP / 10) + np.log(median_s),
        head,
        median_s * np.exp(samples * STEP),
        circumstances,
        order,
    )
    if not np.isfinite(recording.logs).all():
        raise ValueError("one of its times is no number")
    return recording
