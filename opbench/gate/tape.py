"""Workers on tape: what many processes measured in lockstep, kept so that the decision can be replayed on them.

A replay draws workers out of the recording and deals them out to the sides, so that thousands of runs of the gate cost
seconds. Rounds stay in the order they were played in: a burst of foreign load hits all of a round's workers alike, as
it did then.
"""

from __future__ import annotations

import json
import random
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from opbench.errors import UsageError
from opbench.gate.hired import Hire, ShortOfMemoryError
from opbench.gate.rounds import Rounds, heads, orders, tabulated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opbench.gate.slices import Taken

SCHEMA = 1

STEP = 1e-4
"""Samples are kept as whole steps of this size of the logarithm over the benchmark's median: 0.01 %, up to 26 times."""


@dataclass(frozen=True)
class Tape:
    """One benchmark as many workers ran it in lockstep.

    logs: (rounds, workers), see Rounds. head: (workers,), true where a worker ran head's code. samples_s: (rounds,
    workers, kept) seconds per call, the first samples of every slice; empty where raw samples were not kept.
    about: what was recorded: machine, condition, `slice_s`, and for head's code `truth`, its time over base's.
    order: (rounds, workers), see Rounds.
    """

    benchmark: str
    logs: NDArray[np.float64]
    head: NDArray[np.bool_]
    samples_s: NDArray[np.float64]
    about: dict[str, Any] = field(default_factory=dict)
    order: NDArray[np.int64] | None = None

    def scaled(self, factor: float) -> Tape:
        """As if head's workers were slower by that factor, exactly: the truth of an injected slowdown is known."""
        logs = self.logs + np.where(self.head, np.log(factor), 0.0)
        samples = self.samples_s * np.where(self.head, factor, 1.0)[None, :, None]
        return replace(self, logs=logs, samples_s=samples, about=self.about | {"truth": factor})

    def dealt(self, random: random.Random) -> Tape:
        """The same workers with sides drawn anew, half of them head's. Only for a recording of the same code."""
        if self.head.any():
            raise UsageError(f"{self.benchmark} was recorded with two codes: its workers cannot change sides")
        head = np.zeros(len(self.head), dtype=bool)
        head[random.sample(range(len(head)), len(head) // 2)] = True
        return replace(self, head=head)


def recorded(taken: Taken, kept: int, about: dict[str, Any], *, same_code: bool) -> Tape:
    """A tape of a played benchmark; with `same_code` nobody's side is kept."""
    logs = tabulated(taken)
    numbers = sorted(taken.sides)
    column = {number: place for place, number in enumerate(numbers)}
    rows = {number: place for place, number in enumerate(sorted({one.round for one in taken.slices}))}
    least = min(kept, *(len(one.samples_s) for one in taken.slices))
    samples = np.zeros((*logs.shape, least))
    for one in taken.slices:
        samples[rows[one.round], column[one.worker]] = one.samples_s[:least]
    sides = heads(taken)
    head = np.zeros_like(sides) if same_code else sides
    return Tape(taken.benchmark, logs, head, samples, about, orders(taken))


def save(tapes: list[Tape], path: Path) -> None:
    arrays: dict[str, Any] = {}
    for number, tape in enumerate(tapes):
        middle = float(np.exp(np.median(tape.logs)))
        with np.errstate(divide="ignore"):
            steps = np.round(np.log(tape.samples_s / middle) / STEP) if tape.samples_s.size else tape.samples_s
        about = {"schema": SCHEMA, "benchmark": tape.benchmark, "middle_s": middle, "about": tape.about}
        arrays |= {
            f"{number}.about": np.array(json.dumps(about)),
            f"{number}.logs": np.round((tape.logs - np.log(middle)) / STEP * 10).astype(np.int32),
            f"{number}.head": tape.head,
            f"{number}.samples": np.clip(steps, -32768, 32767).astype(np.int16),
        }
        if tape.order is not None:
            arrays[f"{number}.order"] = tape.order.astype(np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)


def load(path: Path) -> list[Tape]:
    """Raises UsageError for a file that is no recording of this schema."""
    try:
        # Opened here: NumPy leaves the file open where the archive is damaged.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return [_tape(file, number) for number in range(sum(name.endswith(".about") for name in file.files))]
    except _DAMAGED as exc:
        said = str(exc).partition("\n")[0]
        raise UsageError(
            f"{path} is no recording of the gate's workers ({type(exc).__name__}: {said:.200}); expected a file that "
            "`save` of opbench.gate.tape wrote, whole"
        ) from exc


_DAMAGED = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, NotImplementedError, RuntimeError),
    *(RecursionError, MemoryError, SyntaxError, struct.error, tokenize.TokenError, zlib.error, zipfile.BadZipFile),
)
"""What NumPy and the modules for archives raise of a file that is not as it was written."""


def _tape(file: Mapping[str, Any], number: int) -> Tape:
    about = json.loads(str(file[f"{number}.about"]))
    if about["schema"] != SCHEMA:
        raise ValueError(f"its schema is {about['schema']}, this opbench reads {SCHEMA}")
    middle = about["middle_s"]
    logs, head, samples = (file[f"{number}.{name}"] for name in ("logs", "head", "samples"))
    order = file[f"{number}.order"].astype(np.int64) if f"{number}.order" in file else None
    if logs.ndim != 2 or not logs.size or head.shape != logs.shape[1:] or samples.shape[:2] != logs.shape:
        raise ValueError(f"logs of {logs.shape}, head of {head.shape}, samples of {samples.shape}: of no one recording")
    if head.dtype.kind != "b" or samples.ndim != 3 or (order is not None and order.shape != logs.shape):
        raise ValueError("its sides are no truth values, or its samples or turns are of another recording")
    name, told = about["benchmark"], about["about"]
    if not isinstance(name, str) or not isinstance(told, dict):
        raise TypeError("its benchmark has no name, or nothing is said about it")
    made = Tape(
        name,
        logs * (STEP / 10) + np.log(middle),
        head,
        middle * np.exp(samples * STEP),
        told,
        order,
    )
    if not np.isfinite(made.logs).all():
        raise ValueError("one of its times is no number")
    return made


class TapeWorkers:
    """Workers out of a tape, for `Trial`. Each benchmark's rounds go on from where they stand, cyclically."""

    def __init__(self, tapes: Mapping[str, Tape], cast: Mapping[str, NDArray[np.int64]], at: dict[str, int]) -> None:
        self._tapes = tapes
        self._cast = cast
        self._at = at
        self.per_side = 0

    def widen(self, per_side: int) -> None:
        short = min(cast.shape[1] for cast in self._cast.values())
        if per_side > short:
            raise ShortOfMemoryError(f"the recording has {short} workers a side left, not {per_side}")
        self.per_side = per_side

    def play(self, benchmark: str, rounds: int, stage: str) -> Rounds:  # noqa: ARG002  (a tape has no stages)
        tape, cast = self._tapes[benchmark], self._cast[benchmark][:, : self.per_side].ravel()
        rows = np.arange(self._at[benchmark], self._at[benchmark] + rounds) % len(tape.logs)
        self._at[benchmark] += rounds
        order = None if tape.order is None else tape.order[np.ix_(rows, cast)]
        return Rounds(tape.logs[np.ix_(rows, cast)], tape.head[cast], order=order)


def hirer(tapes: Mapping[str, Tape], random: random.Random) -> Hire:
    """A Hire for one replayed run: workers are drawn without being put back, rounds begin anywhere."""
    drawn = {name: _drawn(tape, random) for name, tape in tapes.items()}
    at = {name: random.randrange(len(tape.logs)) for name, tape in tapes.items()}
    used = 0

    @contextmanager
    def hire(per_side: int, stage: str) -> Iterator[TapeWorkers]:  # noqa: ARG001  (a tape has no stages)
        nonlocal used
        rest = {name: cast[:, used:] for name, cast in drawn.items()}
        workers = TapeWorkers(tapes, rest, at)
        workers.widen(per_side)
        yield workers
        used += workers.per_side  # those that joined later, too: whoever is hired next is fresh

    return hire


def _drawn(tape: Tape, random: random.Random) -> NDArray[np.int64]:
    """(2, workers a side): base's and head's workers in a random order, as many of both."""
    sides = [np.flatnonzero(tape.head == side) for side in (False, True)]
    least = min(map(len, sides))
    return np.array([random.sample(list(map(int, side)), least) for side in sides])
