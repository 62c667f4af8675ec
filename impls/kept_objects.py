"""Objects of compiled units, kept by what went into them: where one file of a library changes, the rest is not compiled
again, and neither is what two libraries have in common.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from impls.cxx import Unit, command, compile_units
from impls.sealed import damage, seal
from opbench.cache import cache_folder

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+"([^"\n]+)"', re.MULTILINE)


def compile_kept(units: Iterable[Unit], folder: Path) -> None:
    """`compile_units` of those that were not compiled before; the others' objects are put where they would come to lie.

    Raises MachineError as it does, and OSError where the disk does not take an object.
    """
    places = {unit: _place(unit) for unit in units}
    fresh = [unit for unit, place in places.items() if damage(place) is not None or not _put(place, unit.target)]
    compile_units(fresh, folder)
    for unit in fresh:
        _keep(unit.target, places[unit])


def _place(unit: Unit) -> Path:
    """Where its object is kept: by compiler, flags, and every byte of what it is compiled from, not by any path."""
    digest = hashlib.sha256("\0".join([*command(), *unit.flags, unit.salt]).encode())
    for text in included(unit.source):
        digest.update(text)
    return cache_folder() / "objects" / f"{unit.target.stem}-{digest.hexdigest()[:16]}.o"


def included(source: Path) -> Iterator[bytes]:
    """The text of the file and of what it includes by `#include "..."`, each once, conditions not looked at; of the
    lines that include a file beside the including one nothing is left.

    What lies elsewhere, as a library's own headers, is left to the unit's `salt`.
    """
    seen: set[Path] = set()
    ahead = [source.absolute()]
    while ahead:
        file = ahead.pop()
        if file in seen:
            continue
        seen.add(file)
        text, beside = file.read_bytes(), list[Path]()
        for line in _INCLUDE.finditer(text):
            named = Path(os.path.normpath(file.parent / os.fsdecode(line[1])))
            if named.is_file():
                beside.append(named)
                text = text.replace(line[0], b"")
        yield text
        ahead += reversed(beside)


def _put(place: Path, target: Path) -> bool:
    """Whether the object is there now: not where it went meanwhile."""
    try:
        shutil.copyfile(place, target)
    except FileNotFoundError:
        return False
    return True


def _keep(target: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f"{place.stem}-", suffix=".part")
    os.close(handle)
    shutil.copyfile(target, name)
    Path(name).replace(place)
    seal(place)
