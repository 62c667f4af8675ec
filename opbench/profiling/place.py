"""Where a profile's files go: a run under --results, or one under a temporary folder where no more can be written."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from opbench.errors import MachineError
from opbench.store import Run, new_run

SWEEP = "profile"

_ROOM = 64 << 10


def new_place(results: Path) -> tuple[Run, str]:
    """The run, and "" or one line: why it is not under `results`, and where it is.

    Raises UsageError where `results` is a file, MachineError where a temporary folder cannot be had either.
    """
    try:
        run = new_run(results, SWEEP)
        run.write("room", bytes(_ROOM)).unlink()  # on a full disk there is still room for folders and empty files
    except MachineError as exc:
        return _temporary(exc)
    return run, ""


def moved(run: Run, why: MachineError) -> tuple[Run, str]:
    """A temporary run that begins with the files of this one, and one line that says so. Raises as `new_place`."""
    found, said = _temporary(why)
    try:
        for file in run.folder.iterdir():
            if file.is_file() and file.suffix != ".part":
                shutil.copy2(file, found.folder)
    except OSError as exc:
        shutil.rmtree(found.folder.parents[1], ignore_errors=True)
        raise MachineError(f"{why}; cannot copy {run.folder} to {found.folder}: {exc.strerror}") from exc
    return found, said


def _temporary(why: MachineError) -> tuple[Run, str]:
    try:
        folder = Path(tempfile.mkdtemp(prefix="opbench-results-"))
    except OSError as exc:
        raise MachineError(f"{why}; nor is there a temporary folder ({exc.strerror}; set TMPDIR)") from exc
    return new_run(folder, SWEEP), f"{why}; the profile is under {folder} instead"
