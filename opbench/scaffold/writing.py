"""A folder of files, or one file, written whole or not at all, and never over anything that is there."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from opbench.errors import MachineError, UsageError


def write_folder(target: Path, files: Mapping[str, str]) -> None:
    """Make the folder `target` with these files, by path below it; the folder above it has to be there.

    It is written under another name and renamed, so that nobody ever sees a part of it.
    Raises UsageError where something is at `target` or the folder above is none, MachineError where it cannot be
    written; nothing is left behind then.
    """
    _refuse(target)
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.mkdir()
        for path, text in files.items():
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            (part / path).write_text(text, encoding="utf-8")
        _refuse(target)  # the second who makes it at the same time
        part.rename(target)
    except OSError as exc:
        raise MachineError(f"cannot write {target}: {exc.strerror}; choose another folder (--into)") from exc
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_file(target: Path, text: str) -> None:
    """Make the file `target`. Raises as `write_folder`."""
    _refuse(target)
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.rename(target)
    except OSError as exc:
        raise MachineError(f"cannot write {target}: {exc.strerror}; choose another folder (--into)") from exc
    finally:
        part.unlink(missing_ok=True)


def _refuse(target: Path) -> None:
    if not target.parent.is_dir():
        raise UsageError(f"--into {target.parent} is no folder; expected one that is there")
    if os.path.lexists(target):
        raise UsageError(f"{target} is there already, and is not overwritten; choose another name or folder (--into)")
