"""Checkpoints as files: archives of tensors and plain values, written whole, read without running what is in them."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from opbench import errors
from opbench.errors import MachineError, UsageError
from opbench.store.files import write_whole


class DamagedError(Exception):
    """A file that is a zip archive by its end and yet cannot be read; says what is wrong with it."""


def write(content: dict[str, Any], path: Path) -> None:
    """Whole, so that a killed process leaves the last one; meanwhile memory holds the file too.

    Raises MachineError where the file cannot be written.
    """
    archive = io.BytesIO()
    torch.save(content, archive)
    try:
        write_whole(path, archive.getbuffer())
    except OSError as exc:
        raise MachineError(
            f"cannot write the checkpoint {path} ({first_line(exc)}); free space or name another folder"
        ) from exc


def read(path: Path) -> Any:
    """What `write` wrote, its tensors on the CPU.

    Raises pickle.UnpicklingError for an archive with code in it, none of which is run, and DamagedError for one that is
    not whole.
    """
    try:
        with zipfile.ZipFile(path) as archive:  # torch does not compare the checksums
            broken = archive.testzip()
        if broken is None:
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as exc:
        raise DamagedError(first_line(exc)) from exc
    raise DamagedError(f"checksum of {broken}")


def opened(path: Path, writer: str, again: str) -> Any:
    """As `read`, and every refusal one line.

    writer: the command that writes such files; again: what to do where a file is no good, such as "search again".
    Raises UsageError for a file that is not there, truncated, damaged, or holds code.
    """
    if not path.is_file():
        raise UsageError(f"no checkpoint {path}; expected a file that {writer} wrote")
    if not zipfile.is_zipfile(path):  # the archive's table of contents stands at its end
        raise UsageError(f"{path} is truncated, or no checkpoint; expected a file that {writer} wrote")
    try:
        return read(path)
    except pickle.UnpicklingError as exc:
        raise UsageError(f"{path} holds code or objects beside tensors, and nothing of it was run; {again}") from exc
    except DamagedError as exc:
        raise UsageError(f"{path} is damaged ({exc}); {again}") from exc


def first_line(exc: Exception) -> str:
    """Of its message, cut to 160 characters."""
    return errors.first_line(exc)[:160]
