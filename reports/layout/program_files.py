"""The files of programs that draw one figure from one record (`python -m reports...`): JSON in, a figure out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from opbench.errors import MachineError, UsageError


def read(path: Path, expected: str) -> Mapping[str, Any]:
    """A record whose fields nobody has checked. expected: "the study.json of impls.low_precision.study", for one.

    Raises UsageError where there is no file, or no JSON object in it.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise UsageError(f"no file {path}; expected {expected}") from exc
    except (ValueError, RecursionError, OSError) as exc:
        raise UsageError(f"{path} cannot be read as JSON ({exc!s:.200}); expected {expected}") from exc
    if not isinstance(record, dict):
        raise UsageError(f"{path} holds a {type(record).__name__}; expected {expected}")
    return record


def drawn(path: Path, layout: str, draw: Callable[[], bytes]) -> bytes:
    """The figure of the record at `path`. Raises UsageError where that does not fit the format `layout`."""
    try:
        return draw()
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as exc:
        raise UsageError(f"{path} does not fit {layout!r} ({type(exc).__name__}: {exc!s:.200})") from exc


def write(path: Path, drawn: bytes) -> None:
    """Raises MachineError where it cannot."""
    try:
        path.write_bytes(drawn)
    except OSError as exc:
        raise MachineError(f"cannot write {path} ({exc.strerror}); name a folder that exists") from exc
