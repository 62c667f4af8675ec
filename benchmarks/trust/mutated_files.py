"""Files that nobody would write, through every reader: which of them is met with anything but one plain line?

    python -m benchmarks.trust.mutated_files [--files 100000] [--only records,tapes] [--seed 0]
    python -m benchmarks.trust.mutated_files --only tapes --number 17 --keep tape.npz     (one of them, kept to look at)

A reader fails on a file where it raises what is no refusal, refuses in several lines or without naming the file, writes
outside the file's folder, starts a process, prints what a terminal acts on, takes longer than LONGEST_S of a processor,
or needs more than MEMORY_BYTES beyond what it needed for good files. Exits with 1 where one did.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from tests.mutating.all_readers import READERS
from tests.mutating.reader import Reader, Tried, tried

LONGEST_S = 20
MEMORY_BYTES = 4 << 30

SHOWN = 3
"""Numbers of files that are named for each way to fail."""


@dataclass
class Counted:
    """slowest: seconds, and the file's number. failures: numbers of files by what went wrong."""

    files: int = 0
    refused: int = 0
    slowest: tuple[float, int] = (0.0, 0)
    failures: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


class TooLongError(Exception):
    """A file that a reader did not finish in LONGEST_S."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--only", default=",".join(READERS), help="readers, comma-separated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", type=int, help="try the file of this number alone")
    parser.add_argument("--keep", type=Path, help="with --number: write that file here")
    given = parser.parse_args()
    names = [name.strip() for name in given.only.split(",")]
    if unknown := [name for name in names if name not in READERS]:
        parser.error(f"no reader {unknown[0]!r}; there are: {', '.join(READERS)}")
    shares = sum(READERS[name].share for name in names)
    failed = False
    print(f"{'reader':24}{'files':>8}{'refused':>9}{'failed':>8}{'seconds':>9}  slowest")
    for name in names:
        count = max(1, round(given.files * READERS[name].share / shares))
        numbers = range(count) if given.number is None else (given.number,)
        began = time.monotonic()
        found = _counted(READERS[name], numbers, given.seed, given.keep)
        _tell(name, found, time.monotonic() - began)
        failed = failed or bool(found.failures)
    return int(failed)


def _tell(name: str, found: Counted, seconds: float) -> None:
    failures = sum(map(len, found.failures.values()))
    slowest = f"{found.slowest[0] * 1e3:.0f} ms (file {found.slowest[1]})"
    print(f"{name:24}{found.files:8}{found.refused:9}{failures:8}{seconds:9.0f}  {slowest}", flush=True)
    for why, numbers in sorted(found.failures.items(), key=lambda item: -len(item[1])):
        print(f"    {len(numbers)} (such as {', '.join(map(str, numbers[:SHOWN]))}): {why}", flush=True)


def _counted(reader: Reader, numbers: range | tuple[int, ...], seed: int, keep: Path | None) -> Counted:
    found = Counted()
    with tempfile.TemporaryDirectory(prefix="opbench-mutated-") as place:
        folder = Path(place)
        file = reader.write(folder)
        original = file.read_bytes()
        tried(reader, folder, file, original)  # what is imported is imported now, and writes where it likes
        good = tried(reader, folder, file, original)
        if good.refused or good.wrong:
            raise SystemExit(f"{reader.name}: the file as it was written: {good.refused or good.wrong}")
        with _bounded_memory():
            for number in numbers:
                data = reader.data(original, number, seed)
                if keep is not None:
                    keep.write_bytes(data)
                began = time.monotonic()
                one = _in_time(reader, folder, file, data)
                found.slowest = max(found.slowest, (time.monotonic() - began, number))
                found.files += 1
                found.refused += bool(one.refused)
                if one.wrong:
                    found.failures[_kind(one.wrong)].append(number)
    return found


def _kind(wrong: str) -> str:
    """What fails in the same place, or in the same way, is counted together."""
    where, _, said = wrong.partition(": ")
    return wrong if said == "" or where.startswith("AssertionError") else where


def _in_time(reader: Reader, folder: Path, file: Path, data: bytes) -> Tried:
    def end(*_: object) -> NoReturn:
        raise TooLongError(f"not read in {LONGEST_S} s of a processor")

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    try:
        return tried(reader, folder, file, data)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def _bounded_memory() -> Iterator[None]:
    """More than this process has now, by MEMORY_BYTES; beyond that memory is refused, which is a MemoryError."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


if __name__ == "__main__":
    sys.exit(main())
