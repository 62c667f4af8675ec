"""Objects of units are compiled once for what goes into them, and again for anything else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from impls.cxx import Unit, compile_with
from impls.kept_objects import compile_kept, included
from opbench.errors import MachineError

COMPILER = """#!/bin/sh
echo "$@" >>"$CALLS"
while [ "$1" != -o ]; do shift; done
echo object >"$2"
"""


class Building:
    """Sources in a folder, and a compiler that writes down how it was called."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.calls = folder, folder / "calls"
        monkeypatch.setenv("CALLS", str(self.calls))
        monkeypatch.setenv("CXX", str(self.program("cc")))
        monkeypatch.setenv("OPBENCH_CACHE", str(folder / "cache"))
        (folder / "inner").mkdir()
        self.write("one.cpp", '#include <vector>\n  #  include "inner/a.h"\n')
        self.write("two.cpp", "int two;\n")
        self.write("inner/a.h", '#include "b.h"\n')
        self.write("inner/b.h", '#include "../inner/a.h"\nint b;\n')

    def program(self, name: str, text: str = COMPILER) -> Path:
        (file := self.folder / name).write_text(text)
        file.chmod(0o755)
        return file

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def built(self, *flags: str, salt: str = "") -> list[str]:
        """The sources that were compiled for it."""
        self.calls.write_text("")
        (target := self.folder / "target").mkdir(exist_ok=True)
        for object_ in target.iterdir():
            object_.unlink()
        sources = [self.folder / name for name in ("one.cpp", "two.cpp")]
        compile_kept([Unit(file, flags, target / f"{file.stem}.o", salt) for file in sources], target)
        assert {file.name for file in target.iterdir()} == {"one.o", "two.o"}
        words = self.calls.read_text().split()
        return sorted(Path(word).name for word in words if word.endswith(".cpp"))


@pytest.fixture
def building(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Building:
    return Building(tmp_path, monkeypatch)


def test_what_has_not_changed_is_not_compiled_again(building: Building) -> None:
    assert building.built() == ["one.cpp", "two.cpp"]
    assert building.built() == []
    building.write("inner/b.h", "int c;\n")
    assert building.built() == ["one.cpp"]
    building.write("two.cpp", "int three;\n")
    assert building.built() == ["two.cpp"]


def test_other_flags_salt_and_compilers_are_other_objects(building: Building, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = ["one.cpp", "two.cpp"]
    assert building.built("-O1") == everything
    assert building.built("-O2") == everything
    assert building.built("-O2", salt="2.13") == everything
    monkeypatch.setenv("CXX", f"{building.program('other')} -m64")
    assert building.built("-O2", salt="2.13") == everything
    assert building.built("-O2", salt="2.13") == []


def test_a_damaged_object_is_compiled_again(building: Building, tmp_path: Path) -> None:
    building.built()
    (kept,) = (tmp_path / "cache" / "objects").glob("one-*.o")
    os.truncate(kept, 3)
    assert building.built() == ["one.cpp"]
    assert kept.read_text() == "object\n"


def test_what_is_included_is_read_once_whatever_its_path(building: Building, tmp_path: Path) -> None:
    texts = list(included(tmp_path / "one.cpp"))
    assert [text.split() for text in texts] == [[b"#include", b"<vector>"], [], [b"int", b"b;"]]


def test_ccache_is_taken_where_it_is_installed(building: Building, monkeypatch: pytest.MonkeyPatch) -> None:
    ccache = building.program("ccache", '#!/bin/sh\necho through ccache >>"$CALLS"\nexec "$@"\n')
    monkeypatch.setenv("PATH", f"{ccache.parent}{os.pathsep}{os.environ['PATH']}")
    assert building.built() == ["one.cpp", "two.cpp"]
    assert building.calls.read_text().count("through ccache") == 2
    monkeypatch.setenv("CXX", f"{ccache} {building.folder / 'cc'}")
    building.built()
    assert building.calls.read_text().count("through ccache") == 2


def test_what_does_not_compile_is_named_by_the_compiler_not_by_ccache(
    building: Building, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ccache = building.program("ccache", '#!/bin/sh\nexec "$@"\n')
    failing = building.program("failing", "#!/bin/sh\necho 'one.cpp:1: error: no' >&2\nexit 1\n")
    monkeypatch.setenv("PATH", f"{ccache.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CXX", str(failing))
    with pytest.raises(MachineError, match=f"one does not compile with {failing}: one.cpp:1: error: no"):
        compile_with("one", [], tmp_path)
