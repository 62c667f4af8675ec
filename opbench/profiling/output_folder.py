"""Where a profile's files go: a run under --results, or one under a temporary folder where no more can be written."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from opbench.errors import MachineError
from opbench.store.runs import Run, new_run

SWEEP = "profile"

_PROBE_BYTES = 64 << 10


def create_run(results: Path) -> tuple[Run, str]:
    """Return a new run, and "" or one line: why it is not under `results`, and where it is.

    Raises UsageError where `results` is a file, MachineError where a temporary folder cannot be had either.
    """
    try:
        run = new_run(results, SWEEP)
        run.write("room", bytes(_PROBE_BYTES)).unlink()  # a full disk still has room for folders and empty files
    except MachineError as exc:
        return _create_temporary_run(exc)
    return run, ""


def copy_to_temporary_run(run: Run, why: MachineError) -> tuple[Run, str]:
    """Return a temporary run that begins with the files of this one, and one line that says so.

    Raises MachineError where there is no temporary folder, or it does not take the files.
    """
    temporary, notice = _create_temporary_run(why)
    try:
        for file in run.folder.iterdir():
            if file.is_file() and file.suffix != ".part":
                shutil.copy2(file, temporary.folder)
    except OSError as exc:
        shutil.rmtree(temporary.folder.parents[1], ignore_errors=True)
        raise MachineError(f"{why}; cannot copy {run.folder} to {temporary.folder}: {exc.strerror}") from exc
    return temporary, notice


def _create_temporary_run(why: MachineError) -> tuple[Run, str]:
    try:
        folder = Path(tempfile.mkdtemp(prefix="opbench-results-"))
    except OSError as exc:
        raise MachineError(f"{why}; nor is there a temporary folder ({exc.strerror}; set TMPDIR)") from exc
    return new_run(folder, SWEEP), f"{why}; the profile is under {folder} instead"
