"""PTX kept on disk: what a compiler emitted for the same sources, flags and versions is not compiled again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from impls.sealed import damage, seal
from opbench.cache import cache_folder
from opbench.errors import MachineError
from opbench.store.files import write_whole


def kept(parts: Iterable[str], sources: Iterable[Path], compile_: Callable[[], str]) -> str:
    """`compile_()`, or what it gave before for the same parts and the same contents of `sources`.

    parts: all that decides over the text beside the sources: instance, architecture, flags, the compiler's version.
    Raises what `compile_` raises, and MachineError where the disk does not take the text.
    """
    digest = hashlib.sha256("\0".join(parts).encode())
    for file in sources:
        digest.update(f"\0{file.name}\0".encode())
        digest.update(file.read_bytes())
    place = cache_folder() / "ptx" / f"{digest.hexdigest()[:24]}.ptx"
    if damage(place) is None:
        return place.read_text(encoding="utf-8")
    text = compile_()
    try:
        write_whole(place, text.encode())
        seal(place)
    except OSError as exc:
        raise MachineError(f"cannot keep {place}: {exc.strerror}; set OPBENCH_CACHE") from exc
    return text
