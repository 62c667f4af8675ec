"""A reader of files, and one try of it on a file that is not as it should be."""

from __future__ import annotations

import contextlib
import io
import os
import random
import sys
import traceback
import unicodedata
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from opbench.cli.plain import plain
from opbench.errors import OpbenchError
from tests.mutating.mutator import mutated
from tests.mutating.watching import watched

LONGEST_MESSAGE = 4_000
"""Characters that a refusal has at most: it quotes what came, and not all of it."""

_SHOWN_ELSEWHERE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _as_it_is(data: bytes) -> bytes:
    return data


@dataclass(frozen=True)
class Reader:
    """write(folder): makes a good file, with what has to lie beside it, and returns it.

    read(file): reads it as the suite does, and raises AssertionError where what it made of it breaks a rule of its own.
    What it prints is what a user would see. signed: puts checksums inside the file right again, four times in five.
    alike: see `mutated`. named: whether a refusal has to name the file. share: of 1,000 files, how many it
    gets.
    """

    name: str
    write: Callable[[Path], Path]
    read: Callable[[Path], None]
    signed: Callable[[bytes], bytes] = _as_it_is
    alike: float = 0.2
    named: bool = True
    share: int = 50

    def data(self, original: bytes, number: int, seed: int = 0) -> bytes:
        """The mutated file of that number."""
        draw = random.Random(f"{seed} {self.name} {number}")
        data = mutated(original, draw, self.alike)
        return self.signed(data) if draw.random() < 0.8 else data


@dataclass(frozen=True)
class Tried:
    """refused: the one line a user would get, "" where the file was read. wrong: the rule that was broken, or ""."""

    refused: str = ""
    wrong: str = ""


def tried(reader: Reader, folder: Path, file: Path, data: bytes) -> Tried:
    """Put the data in place of the file that `reader.write(folder)` made, and read it."""
    file.write_bytes(data)
    printed = io.StringIO()
    refused = broken = ""
    with (
        mock.patch.dict(os.environ, OPBENCH_CACHE=str(folder / "cache")),
        mock.patch.object(sys, "dont_write_bytecode", True),  # of a module that is first imported here
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        warnings.catch_warnings(),
        watched(within=folder) as elsewhere,
    ):
        warnings.simplefilter("ignore")  # of arithmetic on numbers that no clock gives
        try:
            reader.read(file)
        except OpbenchError as exc:
            refused = str(exc)
        except Exception as exc:  # noqa: BLE001  (whatever it is, a user would get a traceback)
            last = traceback.extract_tb(exc.__traceback__)[-1]
            broken = f"{type(exc).__name__} in {Path(last.filename).name}:{last.lineno}: {exc!s:.200}"
    if printed.getvalue().startswith("opbench: "):
        refused = printed.getvalue().removeprefix("opbench: ").rstrip("\n")
    if broken:
        return Tried(refused, broken)
    if elsewhere:
        return Tried(refused, f"outside its folder: {elsewhere[0]}")
    if said := _unfit(printed.getvalue()):
        return Tried(refused, f"printed {said}")
    return Tried(refused, _unfit_refusal(refused, reader, file) if refused else "")


def _unfit(text: str) -> str:
    """The first character that a terminal acts on, or ""."""
    return next((repr(char) for char in text if char != "\n" and unicodedata.category(char) in _SHOWN_ELSEWHERE), "")


def _unfit_refusal(message: str, reader: Reader, file: Path) -> str:
    if _unfit(plain(message)):
        return f"a refusal that a terminal acts on: {message!r:.300}"
    if len(message) > LONGEST_MESSAGE + len(str(file)):
        return f"a refusal of {len(message)} characters: {message!r:.120}"
    if reader.named and file.name not in message and file.parent.name not in message:
        return f"a refusal that does not name the file: {message!r:.300}"
    return ""
