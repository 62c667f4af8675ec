"""What `opbench ls` lists, kept from one time to the next: some operators say what they are about only when they are
imported, and PyTorch with them, which takes seconds.

It holds for the very files that it was made from, by their paths, sizes, numbers and times, for this Python and for
what is installed beside it. Where another package announces anything, nothing is kept: its sources may lie anywhere.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from opbench import own_packages, plugins
from opbench.assignments import package_folder
from opbench.cache import cache_folder, content_digest
from opbench.store.files import write_whole

KINDS = ("operators", "sweeps", "reports")
PACKAGES = ("opbench", *own_packages.NAMES)

Listing = dict[str, dict[str, str]]
"""For each of KINDS what each is about, by name, in the order in which they are shown."""


def basis() -> str | None:
    """What a listing made now holds for; None where it may depend on what cannot be seen from here."""
    if any(plugins.announced(group) for group in plugins.GROUPS):
        return None
    try:
        sources = [source for package in PACKAGES for source in _sources(package_folder(package))]
    except OSError:  # a folder that cannot be read
        return None
    return content_digest([sys.version, sorted(sources), sorted(_installed())])


def read(of: str) -> Listing | None:
    """The listing that was kept of this basis; None where there is none, or none that can be read."""
    with suppress(OSError, ValueError, RecursionError):
        kept = json.loads(file().read_text(encoding="utf-8"))
        if isinstance(kept, dict) and kept.get("basis") == of and _is_listing(kept.get("listing")):
            found: Listing = kept["listing"]
            return found
    return None


def keep(of: str, listing: Listing) -> None:
    """In place of an earlier one; where the cache folder cannot be written to, the next time takes seconds again."""
    with suppress(OSError):
        write_whole(file(), json.dumps({"basis": of, "listing": listing}).encode())


def file() -> Path:
    """Where it is kept, one for each place that opbench is imported from; it need not exist."""
    return cache_folder() / f"listing-{content_digest(str(package_folder('opbench')))}.json"


def _is_listing(found: object) -> bool:
    return isinstance(found, dict) and tuple(found) == KINDS and all(map(_says_text, found.values()))


def _says_text(entries: object) -> bool:
    return isinstance(entries, dict) and all(isinstance(about, str) for about in entries.values())


def _sources(folder: Path) -> Iterator[tuple[str, ...]]:
    """Path, bytes, number and times of every Python file below a folder: 6 ms for 700 of them.

    What is gone by then, and a link to nothing such as an editor's lock, is no source. Raises OSError for a folder that
    cannot be read.
    """
    for entry in os.scandir(folder):
        if entry.is_dir():
            yield from _sources(Path(entry.path))
        elif entry.name.endswith(".py"):
            with suppress(OSError):
                found = entry.stat()
                told = found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns
                yield entry.path, *map(str, told)


def _installed() -> Iterator[str]:
    """Names of installed packages with their versions, as their folders beside the modules are called."""
    for folder in sys.path:
        with suppress(OSError):
            yield from (name for name in os.listdir(folder or ".") if name.endswith((".dist-info", ".egg-info")))  # noqa: PTH208  (a list of names, twice as quick)
