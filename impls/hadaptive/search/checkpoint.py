"""A search on disk, to go on from. How it is written and read: `training.archive`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from impls.hadaptive.search.gdas import Epoch, Search
from impls.hadaptive.training import archive
from opbench.errors import UsageError

FORMAT = "opbench.hadaptive.search/2"


def save(search: Search, path: Path, question: dict[str, Any]) -> None:
    """Writes it whole or not at all.

    question: what is searched on what, in plain values. Raises MachineError where the file cannot be written.
    """
    content = {
        "format": FORMAT,
        "question": question,
        "settings": dataclasses.asdict(search.settings),
        "history": [dataclasses.asdict(epoch) for epoch in search.history],
        "state": search.state(),
    }
    archive.write(content, path)


def resume(search: Search, path: Path, question: dict[str, Any]) -> None:
    """Puts a fresh `search` where the one that wrote `path` was; from there on it goes the same way, bit for bit.

    Raises UsageError for a file that is not there, truncated, of another format, or holds code, and for one of another
    question or other settings, naming both.
    """
    content = archive.opened(path, "impls.hadaptive.search", "search again")
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
        search.restore(content["state"], [Epoch(**fields) for fields in content["history"]])
    except (KeyError, RuntimeError, TypeError, ValueError, AttributeError) as exc:
        raise UsageError(f"{path} does not fit its own question ({archive.first_line(exc)}); search again") from exc


def _differing(name: str, there: Any, here: Any) -> str:
    """Short for what is short; a space in full would fill the screen."""
    if isinstance(here, dict) or isinstance(there, dict):
        return f"another {name}"
    return f"{name} {there} there, {here} here"
