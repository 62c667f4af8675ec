"""Slices as columns of numbers beside the flat list of their samples, and back, with nothing taken on trust."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from opbench.gate.samples import Side, Slice, StageSamples

NAMES = ("stage", "worker", "round", "order", "at_s", "calls", "cpu_s", "faults", "clock_hz", "core", "samples")
"""`samples` counts those of each slice: its share of the flat list, in order."""

STAGES = ("screen", "widen", "confirm")


def to_columns(samples: Sequence[StageSamples], side: Side) -> tuple[dict[str, list[Any]], list[float]]:
    """Columns of one benchmark's slices of that side, and all their samples in seconds per call.

    Rounds are numbered anew from 0 within a stage: one stage may have been measured in several goes.
    """
    columns: dict[str, list[Any]] = {name: [] for name in NAMES}
    data: list[float] = []
    rounds: Counter[str] = Counter()
    for stage_samples in samples:
        stage = stage_samples.stage
        in_stage = sorted({turn.round for turn in stage_samples.slices})
        numbers = {old: new for new, old in enumerate(in_stage, rounds[stage])}
        rounds[stage] += len(numbers)
        for turn in stage_samples.slices:
            if stage_samples.sides[turn.worker] == side:
                _append(columns, turn, stage, numbers[turn.round])
                data.extend(turn.samples_s)
    return columns, data


def _append(columns: dict[str, list[Any]], turn: Slice, stage: str, number: int) -> None:
    values = vars(turn) | {"stage": stage, "round": number, "samples": len(turn.samples_s)}
    for name in NAMES:
        columns[name].append(values[name])


def from_columns(columns: Any, data: Sequence[float]) -> dict[str, list[Slice]]:
    """Slices by stage. Raises ValueError, saying what is wrong, for columns that are not those of `to_columns`."""
    if not isinstance(columns, Mapping) or any(not isinstance(columns.get(name), list) for name in NAMES):
        raise ValueError(f"its slices are not the columns {', '.join(NAMES)}")
    lengths = {name: len(columns[name]) for name in NAMES}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"its slices' columns differ in length: {lengths}")
    _require_numbers(columns)
    if sum(columns["samples"]) != len(data):
        raise ValueError(f"its slices count {sum(columns['samples'])} samples, its data has {len(data)}")
    stages: dict[str, list[Slice]] = {}
    start = 0
    for row in zip(*(columns[name] for name in NAMES), strict=True):
        stage, worker, number, order, at_s, calls, cpu_s, faults, clock_hz, core, count = row
        samples_s = tuple(data[start : start + count])
        start += count
        stages.setdefault(stage, []).append(
            Slice(worker, number, order, at_s, calls, samples_s, cpu_s, faults, clock_hz, core)
        )
    return stages


def _require_numbers(columns: Mapping[str, list[Any]]) -> None:
    for name in NAMES:
        for value in columns[name]:
            if not _fits(name, value):
                raise ValueError(f"its slices' column {name!r} holds {value!r}")


def _fits(name: str, value: Any) -> bool:
    if name == "stage":
        return value in STAGES
    if name == "clock_hz":
        return value is None or (is_number(value) and value > 0)
    if name == "core" and value is None:
        return True
    if name in {"at_s", "cpu_s"}:
        return is_number(value)
    return type(value) is int and value >= (1 if name in {"calls", "samples"} else 0)


def is_number(value: Any) -> bool:
    """Finite, and neither a truth value nor text that looks like one."""
    return type(value) in {int, float} and abs(value) <= sys.float_info.max
