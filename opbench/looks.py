"""How backends look in figures, as their files say it: read from the source, so that drawing needs none of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from opbench import plugins
from opbench.assignments import NoSourceError, look_of, package_folder
from opbench.errors import UsageError
from opbench.plugins import Plugin


@lru_cache(maxsize=1)
def looks() -> dict[str, tuple[str, str]]:
    """Colour and marker of every backend that says them, by name; what comes with opbench goes before a plug-in.

    Raises UsageError for a file of ours that does not write them out; one of a plug-in is drawn by its name, see
    `look_problems`.
    """
    files = sorted(package_folder("impls").rglob("*.py"))
    own = {file.stem: look for file in files if (look := look_of(file)) is not None}
    theirs = {}
    for name, file, _ in _their_files():
        with suppress(UsageError, OSError):
            if (look := look_of(file)) is not None:
                theirs[name] = look
    return theirs | own


def look_problems() -> Iterator[str]:
    """One line for every backend of another package whose look cannot be read; what is no Python at all cannot be
    imported either, and is told by whoever does.
    """
    for name, file, plugin in _their_files():
        try:
            with suppress(OSError, NoSourceError):
                look_of(file)
        except UsageError as exc:
            yield f"{plugin}: backend {name!r} is drawn by its name alone: {exc}"


def _their_files() -> Iterator[tuple[str, Path, Plugin]]:
    """Names of other packages' backends, the files that may say how they look, and what announces them."""
    for plugin in plugins.announced("operators").values():
        with suppress(Exception, SystemExit):  # whatever a package's import raises
            yield from ((file.stem, file, plugin) for file in sorted(package_folder(plugin.module).rglob("*.py")))
    for full_name, plugin in plugins.announced("backends").items():
        with suppress(Exception, SystemExit):
            spec = find_spec(plugin.module)
            if spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
                yield full_name.rpartition(".")[2], Path(spec.origin), plugin
