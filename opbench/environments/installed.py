"""Environments made of what `pip install` is given: by venv and pip in the cache folder, and kept there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from sys import version

from opbench.cache import cache_folder, content_digest
from opbench.environments.interpreter import BUILDING, NEEDED
from opbench.gate.source.environment_build import EnvironmentBuild, RunCommand, install_words, is_local, run_logged
from opbench.store.lock import WAIT_S, exclusive

OPTION = "--with"

ADDED = (*NEEDED.values(), *BUILDING)
"""What goes with the words asked for; pip refuses both together where they exclude each other."""


@dataclass(frozen=True)
class Installation:
    """folder: where it is kept. words: what pip is given, ours among it. text: as it was asked for."""

    folder: Path
    words: tuple[str, ...]
    text: str

    @classmethod
    def of(cls, text: str) -> Installation:
        """Raises UsageError for what is no list of words."""
        words = (*install_words(OPTION, text, "torch==2.11"), *ADDED)
        # Of another Python the same words are another environment.
        return cls((cache_folder() / "environments" / content_digest([version, *words])).absolute(), words, text)

    def python(self, tell: Callable[[str], None], wait: bool = True, run: RunCommand | None = None) -> Path:
        """Its interpreter, made where it is not there yet; `tell` hears where it is kept.

        Raises MachineError where venv or pip fails, or another makes it and it is not to `wait`.
        """
        notes: list[str] = []

        def note(text: str) -> None:
            notes.append(text)
            tell(f"{text} (with {', '.join(ADDED)} besides; pip writes to {self.folder / 'install.log'})")

        here = Path.cwd() if any(map(is_local, self.words)) else Path("/")
        name = f"{OPTION} '{self.text}'"
        build = EnvironmentBuild(name, here, self.words, self.folder, note, run or run_logged)
        lock = f"environment-{self.folder.name}"
        with exclusive(lock, tell, doing=f"making the environment of {name}", wait_s=WAIT_S if wait else 0.0):
            python = build.python({})
        tell(f"{name}: {'made and kept' if notes else 'kept from before'} in {self.folder}")
        return python
