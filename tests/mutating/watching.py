"""What a piece of code writes and starts while it runs, as the interpreter itself tells it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_CHANGING = {
    "os.mkdir": ((0, 2),),
    "os.rmdir": ((0, 1),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.chmod": ((0, 2),),
}
"""Events of the interpreter that change a folder, with the places of the paths among their arguments and of the open
folders that these are below, -1 for none."""

_STARTING = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect"})

_watching: list[tuple[Path, list[str]]] = []


@contextmanager
def watched(*, within: Path) -> Iterator[list[str]]:
    """A line for everything that is written outside the folder, and every process or connection that is begun."""
    _install()
    seen: list[str] = []
    _watching.append((within.resolve(), seen))
    try:
        yield seen
    finally:
        _watching.pop()


def _install() -> None:
    """Once a process: there is no way to take a hook off again."""
    if _noticed not in _installed:
        _installed.append(_noticed)
        sys.addaudithook(_noticed)


_installed: list[Any] = []


def _noticed(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    folder, seen = _watching[-1]
    if event in _STARTING:
        seen.append(f"{event}{arguments!r:.200}")
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        _told(event, arguments[0], folder, seen)
    elif event in _CHANGING:
        for place, above in _CHANGING[event]:
            _told(event, arguments[place], folder, seen, -1 if above is None else arguments[above])


def _told(event: str, path: Any, folder: Path, seen: list[str], above: int = -1) -> None:
    """A descriptor was opened, and told, before."""
    if isinstance(path, int):
        return
    beside = Path.cwd() if above < 0 else Path(f"/proc/self/fd/{above}")
    found = Path(os.path.realpath(beside / os.fsdecode(path)))
    if found != Path(os.devnull) and found != folder and folder not in found.parents:
        seen.append(f"{event} {found}")
