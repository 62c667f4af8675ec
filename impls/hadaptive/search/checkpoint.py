"""A search on disk, to go on from. Read with `weights_only`: code in a file is refused, never run."""

from __future__ import annotations

import dataclasses
import os
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from impls.hadaptive.search.gdas import Epoch, Search
from opbench.errors import MachineError, UsageError

FORMAT = "opbench.hadaptive.search/1"


def save(search: Search, path: Path, question: dict[str, Any]) -> None:
    """Written beside its place and then moved there, so that a killed process leaves the last whole one.

    question: what is searched on what, in plain values. Raises MachineError where the file cannot be written.
    """
    content = {
        "format": FORMAT,
        "question": question,
        "settings": dataclasses.asdict(search.settings),
        "history": [dataclasses.asdict(one) for one in search.history],
        "state": search.state(),
    }
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(content, unfinished)
        unfinished.replace(path)
    except (OSError, RuntimeError) as exc:  # torch says RuntimeError where the disk is full
        with suppress(OSError):  # where the folder itself could not be made
            unfinished.unlink(missing_ok=True)
        raise MachineError(
            f"cannot write the checkpoint {path} ({_line(exc)}); free space or name another folder"
        ) from exc


def resume(search: Search, path: Path, question: dict[str, Any]) -> None:
    """Puts a fresh `search` where the one that wrote `path` was; from there on it goes the same way, bit for bit.

    Raises UsageError for a file that is not there, truncated, of another format, or holds code, and for one of another
    question or other settings, naming both.
    """
    content = _content(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UsageError(f"{path} is no checkpoint of a search; expected format {FORMAT!r}")
    if missing := [name for name in ("question", "settings", "history", "state") if name not in content]:
        raise UsageError(f"{path} lacks {', '.join(missing)}; search again")
    there = {**content["question"], **content["settings"]}
    here = {**question, **dataclasses.asdict(search.settings)}
    if differing := [
        _differing(name, there.get(name), here.get(name)) for name in here if there.get(name) != here[name]
    ]:
        raise UsageError(f"{path} is of another search: {'; '.join(differing)}; a resumption needs the same")
    try:
        search.restore(content["state"], [Epoch(**one) for one in content["history"]])
    except (KeyError, RuntimeError, TypeError, ValueError, AttributeError) as exc:
        raise UsageError(f"{path} does not fit its own question ({_line(exc)}); search again") from exc


def _content(path: Path) -> Any:
    if not path.is_file():
        raise UsageError(f"no checkpoint {path}; expected a file that impls.hadaptive.search wrote")
    if not zipfile.is_zipfile(path):  # the archive's table of contents stands at its end
        raise UsageError(f"{path} is truncated, or no checkpoint; expected a file that impls.hadaptive.search wrote")
    try:
        with zipfile.ZipFile(path) as archive:  # torch does not compare the checksums
            if (broken := archive.testzip()) is not None:
                raise UsageError(f"{path} is damaged (checksum of {broken}); search again")
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as exc:
        raise UsageError(
            f"{path} holds code or objects beside tensors, and nothing of it was run; search again"
        ) from exc
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as exc:
        raise UsageError(f"{path} is damaged ({_line(exc)}); search again") from exc


def _differing(name: str, there: Any, here: Any) -> str:
    """Short for what is short; a space in full would fill the screen."""
    if isinstance(here, dict) or isinstance(there, dict):
        return f"another {name}"
    return f"{name} {there} there, {here} here"


def _line(exc: Exception) -> str:
    return str(exc).strip().partition("\n")[0][:160]
