"""The C++ compiler: which one, and its own words where it fails."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from opbench.errors import MachineError


@dataclass(frozen=True)
class Unit:
    """A .cpp file, the flags it is compiled with, and the object that comes of it; paths are absolute.

    salt: what else decides on the object, such as the release of a library whose headers it includes.
    """

    source: Path
    flags: tuple[str, ...]
    target: Path
    salt: str = ""


def compiler() -> str | None:
    """The C++ compiler to build with (`CXX`, else c++ or g++), or None."""
    named = shlex.split(os.environ.get("CXX", ""))  # may be `ccache g++`
    return shutil.which(named[0]) if named else shutil.which("c++") or shutil.which("g++")


def compile_with(name: str, arguments: Sequence[str], folder: Path) -> None:
    """Runs the compiler in `folder`; all paths are absolute. Raises MachineError with its first error, that `name` does
    not compile.
    """
    words = command()
    compilation = subprocess.run(
        [*_through_ccache(words), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if compilation.returncode:
        raise MachineError(f"{name} does not compile with {words[0]}: {first_error(compilation.stderr)}")


def _through_ccache(words: list[str]) -> list[str]:
    """The command as ccache runs it where that is installed, unless it is in the command, or is a link to it."""
    found = shutil.which("ccache")
    if found is None or any(Path(word).name == "ccache" for word in (words[0], os.path.realpath(words[0]))):
        return words
    return [found, *words]


def compile_units(units: Iterable[Unit], folder: Path) -> None:
    """Compiles all of them in `folder`, as many at a time as there are processors, in the order given: the slowest
    first keeps the processors busy to the end. Raises as `compile_with`, for the first of them that fails.
    """
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        running = [pool.submit(_compile, unit, folder) for unit in units]
        try:
            for one in running:
                one.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _compile(unit: Unit, folder: Path) -> None:
    compile_with(unit.source.name, [*unit.flags, "-c", str(unit.source), "-o", str(unit.target)], folder)


def knows(flags: Sequence[str]) -> bool:
    """Whether the compiler takes these flags."""
    words = [*command(), *flags, "-E", "-x", "c++", os.devnull]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def command() -> list[str]:
    """The words that the compiler is started with: `CXX`, which may have options, else its path."""
    words = shlex.split(os.environ.get("CXX", "")) or [compiler() or "c++"]
    if os.sep in words[0]:
        words[0] = os.path.abspath(words[0])  # noqa: PTH100  # a link such as ccache's must keep its name
    return words


def first_error(text: str) -> str:
    """The first line with an error of what a compiler said; where none says so, its first line."""
    lines = text.splitlines()
    return next((line for line in lines if "error" in line), lines[0] if lines else "").strip()
