"""A built file is opened only where it is, byte for byte, what was built."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from impls import sealed

CONTENT = bytes(range(251)) * 17


@pytest.fixture
def library(tmp_path: Path) -> Path:
    file = tmp_path / "one.so"
    file.write_bytes(CONTENT)
    sealed.seal(file)
    return file


def test_what_was_sealed_is_whole(library: Path) -> None:
    assert sealed.damage(library) is None


def test_a_file_without_a_seal_is_unfinished(tmp_path: Path) -> None:
    assert sealed.damage(tmp_path / "none.so") == ""
    (tmp_path / "one.so").write_bytes(CONTENT)
    assert sealed.damage(tmp_path / "one.so") == ""


def flipped(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(len(CONTENT) // 2)
        opened.write(b"\xff\xff")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut in half": lambda file: os.truncate(file, len(CONTENT) // 2),
    "emptied": lambda file: os.truncate(file, 0),
    "two bytes changed": flipped,
    "foreign": lambda file: file.write_bytes(b"\x7fELF"),
    "longer": lambda file: file.write_bytes(CONTENT + b"\0"),
}


@pytest.mark.parametrize("spoil", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("seen", [False, True], ids=["never looked at", "found whole before"])
def test_every_damage_is_found_and_said_in_sizes(library: Path, spoil: Callable[[Path], object], *, seen: bool) -> None:
    if seen:
        assert sealed.damage(library) is None
    spoil(library)
    message = sealed.damage(library)
    assert message == f"it is not as it was built: {library.stat().st_size} bytes, {len(CONTENT)} when built"


@pytest.mark.parametrize("seal", [b"", b"\xff\x00", b"5", b"word word\n", b"9" * 5000])
def test_a_damaged_seal_vouches_for_nothing(library: Path, seal: bytes) -> None:
    library.with_name("one.so.sha256").write_bytes(seal)
    assert "it is not as it was built" in str(sealed.damage(library))


def test_a_folder_in_its_place_cannot_be_read(library: Path) -> None:
    library.unlink()
    library.mkdir()
    assert sealed.damage(library) == "it cannot be read (Is a directory)"


def test_a_process_hashes_a_file_once(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []
    told = sealed._told

    def counted(file: Path) -> bytes:
        hashed.append(file)
        return told(file)

    monkeypatch.setattr(sealed, "_told", counted)
    assert sealed.damage(library) is None
    assert sealed.damage(library) is None
    assert hashed == [library]
