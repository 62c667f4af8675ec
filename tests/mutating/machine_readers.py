"""What reads what is known of a machine: its ceilings, caches and dispatch tables, and libraries built on it."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

from impls import sealed
from impls.sealed import damage, seal
from opbench import kept_listing
from opbench.caches import kept
from opbench.caches.use import from_system
from opbench.ceilings import storage
from opbench.dispatch_table import Row, Table, read, write
from tests.mutating.reader import Reader
from tests.mutating.run_readers import REFERENCE, commanded, records

THREADS = 2


def ceilings(folder: Path) -> Path:
    """Those of a real machine; beside them a run that was measured there."""
    records(folder)
    return Path(shutil.copy(REFERENCE / "ceilings.json", folder / "ceilings.json"))


def read_ceilings(file: Path) -> None:
    """What was read is written and read again the same, and says a rate of every kind at any size."""
    found = storage.read(file)
    again = file.with_name("again.json")
    storage.write(found, again)
    assert json.dumps(storage.to_json(storage.read(again))) == json.dumps(storage.to_json(found)), "it reads otherwise"
    for size in (0, 1, 7 << 20, 1 << 62):
        assert isinstance(found.level(size), str)
        for kind in found.bandwidth:
            found.bytes_per_s(kind, size)
    storage.difference(found, {})


def roofline(file: Path) -> None:
    """A sweep on the machine of the ceilings, from a run of another."""
    run = str(file.parent / "sweep" / "run")
    commanded("roofline", "channels", "--ceilings", str(file), "--run", run, "--channels", "16", "--edge", "7")


def caches(folder: Path) -> Path:
    """In the cache folder, where `known` looks for it."""
    here = kept.machine(THREADS)
    file = folder / "cache" / "caches" / kept.file_for(here).name
    file.parent.mkdir(parents=True, exist_ok=True)
    use = replace(from_system(THREADS), note="")
    file.write_text(json.dumps({"schema": kept.SCHEMA, "machine": here, **asdict(use)}))
    return file


def read_caches(file: Path) -> None:
    """Never raises: what cannot be used is said in a note."""
    found = kept.known(THREADS)
    assert found.possible, "sizes that cannot be true"
    assert "\n" not in found.note, "a note of several lines"


def table(folder: Path) -> Path:
    file = folder / "cache" / "dispatch" / "table.json"
    axes = {"batch": 1, "channels": 16, "edge": 7}
    rows = [Row("pairs", "float32", axes | {"channels": size}, {"one": 1e-5, "two:flat": 2e-5}) for size in (4, 8, 16)]
    write(Table("Abacus, 2 threads", "abc", tuple(rows)), file)
    return file


def read_table(file: Path) -> None:
    found = read(file)
    row = found.nearest("pairs", "bfloat16", {"batch": 1, "channels": 9})
    assert row is None or row.fastest(["one"]) in {None, *row.seconds}


def listed(file: Path) -> None:
    commanded("ls", "--dispatch")


def listing(folder: Path) -> Path:
    """In the cache folder, of a basis that a listing is looked for by."""
    file = folder / "cache" / kept_listing.file().name
    file.parent.mkdir(parents=True, exist_ok=True)
    listed = {"operators": {"one": "a first"}, "sweeps": {}, "reports": {"two": "a second"}}
    file.write_text(json.dumps({"basis": "abc", "listing": listed}))
    return file


def read_listing(_: Path) -> None:
    """Never raises: what cannot be used is made anew."""
    found = kept_listing.read("abc")
    assert found is None or all(isinstance(about, str) for kind in found.values() for about in kind.values())


def library(folder: Path) -> Path:
    """The seal of a library, which lies beside it."""
    built = folder / "kernels.so"
    built.write_bytes(b"\x7fELF" * 97)
    seal(built)
    return folder / "kernels.so.sha256"


def read_seal(file: Path) -> None:
    """Nothing but the seal that was written opens the library."""
    built = file.with_suffix("")
    whole = file.read_bytes()
    sealed._known.clear()  # which it keeps of libraries that it found whole
    found = damage(built)
    seal(built)
    assert (found is None) == (whole == file.read_bytes()), f"a seal of {whole[:40]!r}: {found!r}"
    print(found or "", end="")


READERS = (
    Reader("ceilings", ceilings, read_ceilings, share=90),
    Reader("roofline", ceilings, roofline, alike=0.6, share=5),
    Reader("caches", caches, read_caches, share=40),
    Reader("table", table, read_table, share=90),
    Reader("tables listed", table, listed, alike=0.6, share=10),
    Reader("listing", listing, read_listing, share=10),
    Reader("seal", library, read_seal, share=30),
)
