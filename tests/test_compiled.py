"""What is kept of a compilation belongs to its sources and its compiler alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from .compiled import remembered


class Counting:
    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> list[int]:
        self.made += 1
        return [self.made]


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "sources"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "kernel.h").write_text("1")
    return folder


def test_the_same_sources_are_compiled_once(sources: Path) -> None:
    make = Counting()
    assert remembered(["cc 1"], sources, make) == remembered(["cc 1"], sources, make) == [1]


def test_another_compiler_file_name_or_text_is_compiled_anew(sources: Path) -> None:
    make = Counting()
    remembered(["cc 1"], sources, make)
    assert remembered(["cc 2"], sources, make) == [2]
    (sources / "below" / "kernel.h").write_text("2")
    assert remembered(["cc 1"], sources, make) == [3]
    (sources / "below" / "kernel.h").rename(sources / "kernel.h")
    assert remembered(["cc 1"], sources, make) == [4]


def test_what_failed_is_not_kept(sources: Path) -> None:
    def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        remembered(["cc 1"], sources, fail)
    assert remembered(["cc 1"], sources, Counting()) == [1]
