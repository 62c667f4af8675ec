"""Where libraries are built and how they come into the cache: whole, sealed, by one builder at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from impls.sealed import damage, seal
from opbench.cli.plain import plain
from opbench.errors import MachineError
from opbench.store.files import sync_file

_BUILDING = "-building-"


def whole(library: Path) -> bool:
    """Whether the library is there as it was built."""
    return damage(library) is None


def built(name: str, library: Path, make: Callable[[Path], None]) -> None:
    """Have `make` build the library, unless another process has done so meanwhile.

    make: given an absolute path NAME.so in a folder of its own, builds it there. Where a damaged library is replaced, a
    warning says so once. Raises what `make` raises, and MachineError where the disk does not take it.
    """
    with _one_builder_of(library):
        if (problem := damage(library)) is not None:
            with put_in_place(name, library) as fresh:
                make(fresh)
    if problem:
        warnings.warn(plain(f"{library} was damaged and is built anew: {problem}"), RuntimeWarning, stacklevel=3)


@contextmanager
def _one_builder_of(library: Path) -> Iterator[None]:
    """Whoever else wants this library waits for it. The system takes the lock back from a process that dies.

    Where the folder takes no lock there is none; two processes then build the same thing twice.
    """
    with ExitStack() as held:
        with suppress(OSError):
            library.parent.mkdir(parents=True, exist_ok=True)
            path = library.with_suffix(".lock")
            file = held.enter_context(path.open("w", encoding="ascii"))
            fcntl.flock(file, fcntl.LOCK_EX)
            held.callback(path.unlink, missing_ok=True)
        yield


@contextmanager
def put_in_place(name: str, library: Path) -> Iterator[Path]:
    """Where to build: NAME.so in a folder of its own beside `library`, which it becomes when the body is done.

    What builds that died have left there goes first. Raises MachineError where the disk does not take it.
    """
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        _sweep(library.parent)
        with _own_folder(name, library.parent.resolve()) as folder:
            fresh = folder / f"{name}.so"
            yield fresh
            sync_file(fresh)
            fresh.replace(library)
            seal(library)
    except OSError as exc:
        raise MachineError(f"cannot build {name} in {library.parent}: {exc.strerror}; set OPBENCH_CACHE") from exc


@contextmanager
def _own_folder(name: str, beside: Path) -> Iterator[Path]:
    """A folder that is locked as long as its process lives, and is removed at the end."""
    folder, handle = _locked_folder(name, beside)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _locked_folder(name: str, beside: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(dir=beside, prefix=f"{name}{_BUILDING}"))
        with suppress(FileNotFoundError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            with suppress(OSError):  # a file system without locks: nobody sweeps there
                fcntl.flock(handle, fcntl.LOCK_EX)
            if folder.is_dir():
                return folder, handle
            os.close(handle)  # swept between its making and its lock


def _sweep(cache: Path) -> None:
    """Remove the folders whose builders are dead: the system has taken their locks back."""
    for folder in cache.glob(f"*{_BUILDING}*"):
        with suppress(OSError):  # it is going, or it is no folder
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)
