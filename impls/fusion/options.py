"""What both commands of this folder read alike."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from impls.hadaptive.training.command import use_threads
from opbench.errors import MachineError, UsageError, unknown


def parser(
    name: str, about: str, tasks: Iterable[str], seeds: str, steps: int, records: str
) -> argparse.ArgumentParser:
    """Of `python -m impls.fusion.NAME`. tasks: all there are; seeds, steps: what is taken where none is given.

    records: the kind of file that `--records` names.
    """
    options = argparse.ArgumentParser(prog=f"python -m impls.fusion.{name}", description=about)
    options.add_argument("--tasks", default=",".join(tasks), help="comma-separated")
    options.add_argument("--seeds", default=seeds, help="comma-separated")
    options.add_argument("--steps", type=int, default=steps, help="of a training")
    options.add_argument("--records", type=Path, help=f"{records} to write")
    options.add_argument("--threads", type=int, default=1, help="CPU threads; the products are small ones")
    return options


def prepare(given: argparse.Namespace) -> None:
    """Before any training. Raises UsageError for no steps, MachineError where the records cannot be written."""
    if given.steps < 1:
        raise UsageError(f"--steps is {given.steps}; expected at least 1")
    use_threads(given.threads)
    if given.records:
        check_writable(given.records)


def words_of(kind: str, text: str, known: Iterable[str]) -> list[str]:
    """Comma-separated names. Raises UsageError for one that there is not."""
    names, there = text.split(","), list(known)
    for name in names:
        if name not in there:
            raise unknown(kind, name, there)
    return names


def check_writable(path: Path) -> None:
    """Whether a file can be written there, before work is done for it; nothing is left behind or changed.

    Raises MachineError where it cannot.
    """
    there = path.exists()
    try:
        path.open("a").close()
        if not there:
            path.unlink()
    except OSError as exc:
        raise unwritable(path, exc) from exc


def unwritable(path: Path, exc: OSError) -> MachineError:
    return MachineError(f"cannot write {path} ({exc.strerror}); name a file in a folder that exists, with --records")
