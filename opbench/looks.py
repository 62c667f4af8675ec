"""How backends look in figures, as their files say it: read from the source, so that drawing needs none of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from opbench import plugins
from opbench.assignments import look_of, package_folder
from opbench.errors import UsageError


@lru_cache(maxsize=1)
def looks() -> dict[str, tuple[str, str]]:
    """Colour and marker of every backend that says them, by name; what comes with opbench goes before a plug-in.

    Raises UsageError for a file of ours, or of a plug-in's operator, that does not write them out.
    """
    folders = {package_folder("impls"), *_operator_folders()}
    files = [file for folder in sorted(folders) for file in sorted(folder.rglob("*.py"))]
    own = {file.stem: look for file in files if (look := look_of(file)) is not None}
    theirs = {name: look for name, file in _backend_files() if (look := look_of(file)) is not None}
    return theirs | own


def _operator_folders() -> Iterator[Path]:
    """Of other packages' operators, those that can be found."""
    for plugin in plugins.announced("operators").values():
        with suppress(UsageError, ImportError):
            yield package_folder(plugin.module)


def _backend_files() -> Iterator[tuple[str, Path]]:
    """Other packages' backends of operators that are not their own: names, and the files that can be read."""
    for full_name, plugin in plugins.announced("backends").items():
        with suppress(ImportError, SyntaxError, ValueError):  # whoever measures with it is told
            spec = find_spec(plugin.module)
            if spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
                yield full_name.rpartition(".")[2], Path(spec.origin)
