"""What is carried away of a day: one archive, one JSON summary and a few pages, eight files at most."""

from __future__ import annotations

import json
import shutil
import tarfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.gpu_day.kept import Book, Kept
from benchmarks.gpu_day.steps import STEPS
from opbench.store.files import write_whole

MOST_FILES = 8
LARGEST_BYTES = 64 << 20
"""Of a file that goes into the archive: a command that filled the disk must not fill the archive too."""


def summary(book: Book) -> list[Kept]:
    """Every command that ended, in order."""
    asked = [(step.name, command.name) for step in STEPS for command in step.commands(book.folder)]
    return [kept for step, command in asked if (kept := book.of(step, command))]


def line(kept: Kept) -> str:
    """What became of a command, in one line."""
    meaning: dict[int | None, str] = {None: kept.why, 0: "done", 3: "not here, or too busy"}
    ended = meaning.get(kept.code, f"exit code {kept.code}")
    words = f": {kept.last_words}" if kept.last_words else ""
    return f"{kept.step} {kept.command}: {ended}, {kept.seconds:.0f} s{words}"


def pack(book: Book) -> Path:
    """Fill OUT/packed anew. Raises OSError where the disk does not take it; what it is made from stays."""
    folder = book.folder / "packed"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ended = summary(book)
    write_whole(folder / "summary.json", json.dumps([asdict(kept) for kept in ended], indent=1).encode())
    left_out = []
    with tarfile.open(folder / "records.tar.gz", "w:gz") as archive:
        for path in sorted(book.folder.rglob("*")):
            if not path.is_file() or path.is_symlink() or folder in path.parents:
                continue
            if path.stat().st_size > LARGEST_BYTES:
                left_out.append(f"{path.relative_to(book.folder)}: {path.stat().st_size} bytes")
            else:
                archive.add(path, str(path.relative_to(book.folder)))
    text = [*map(line, ended), *(f"left out: {name}" for name in left_out)]
    write_whole(folder / "summary.txt", ("\n".join(text) + "\n").encode())
    pages = sorted(book.folder.glob("steps/**/report.html"))
    for page in pages[: MOST_FILES - 3]:
        shutil.copyfile(page, folder / f"{'-'.join(page.relative_to(book.folder / 'steps').parts[:-2])}.html")
    return folder
