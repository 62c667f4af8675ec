"""What the study and the trainings share: their options, and processes of one thread each."""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

from impls.hadaptive.training.command import numbers, use_threads
from opbench.cli.exit_code import exit_code
from opbench.cli.plain import plain
from opbench.errors import UsageError


def options(name: str, told: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m impls.low_precision.{name}", description=told)
    parser.add_argument("--seeds", default="0,1,2,3,4", help="comma-separated")
    parser.add_argument("--processes", type=int, default=2, help="of one thread each")
    parser.add_argument("--out", type=Path, default=Path("results/low_precision"), help="folder for the files")
    parser.add_argument("--read", action="store_true", help="print what is in the folder; measure nothing")
    return parser


def seeds_of(given: argparse.Namespace) -> tuple[int, ...]:
    """Raises UsageError for seeds that are none, and fewer than one process."""
    if given.processes < 1:
        raise UsageError(f"--processes is {given.processes}; expected at least 1")
    return numbers("--seeds", given.seeds)


def pool(processes: int) -> Executor:
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), use_threads, (1,))


def printed(name: str, lines: Callable[[], Iterator[str]]) -> int:
    """Exit codes: 0 done, 2 wrong usage, 3 the machine cannot do it."""

    def work() -> None:
        for line in lines():
            print(plain(line, keep="\n"), flush=True)  # names in a file that is read may be anybody's

    return exit_code(name, work)


def fitting(path: Path, lines: Iterator[str]) -> Iterator[str]:
    """The lines that are made of a file's. Raises UsageError where these are not as they were written."""
    try:
        yield from lines
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as exc:
        raise UsageError(
            f"{path} is not as it was measured ({type(exc).__name__}: {exc!s:.200}); measure again, without --read"
        ) from exc


def titled(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield f"\n{title}:\n"
    yield from lines


def named(given: str) -> Sequence[str]:
    return [word.strip() for word in given.split(",")]
