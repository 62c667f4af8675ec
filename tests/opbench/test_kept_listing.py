"""`opbench ls` keeps what it lists, and never shows what is not so any more."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from opbench import kept_listing
from opbench.assignments import package_folder
from opbench.commands import listing
from opbench.plugins import Plugin

PACKAGES = kept_listing.PACKAGES
"""Ours, which the fixture replaces."""

LISTED = {"operators": {"one": "a first"}, "sweeps": {}, "reports": {"two": "a second"}}


@pytest.fixture(autouse=True)
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of two files in the place of ours, an installed one beside it, and a cache folder."""
    package, beside = tmp_path / "package", tmp_path / "beside"
    for file in (package / "a.py", package / "deeper" / "b.py", beside / "numbers-1.0.dist-info" / "METADATA"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("1\n")
    monkeypatch.setattr(kept_listing, "PACKAGES", ("package",))
    monkeypatch.setattr(kept_listing, "package_folder", lambda _: package)
    monkeypatch.setattr("sys.path", [str(beside)])
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    return package


def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Has `ls` list LISTED, and counts how often that is made anew."""
    calls: list[int] = []

    def described(_: object) -> kept_listing.Listing:
        calls.append(len(calls))
        return LISTED

    monkeypatch.setattr(listing, "described", described)
    return calls


def test_what_was_listed_once_is_shown_again_alike(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = made(monkeypatch)
    shown = []
    for as_json in (False, False, True, True):
        assert listing.run(as_json) == 0
        shown.append(capsys.readouterr().out)
    assert calls == [0]
    assert shown[0] == shown[1]
    assert json.loads(shown[3]) == LISTED


def test_a_file_or_an_installed_package_that_changed_has_it_made_anew(
    packages: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = made(monkeypatch)
    deeper, installed = packages / "deeper" / "b.py", packages.parent / "beside" / "numbers-1.0.dist-info"
    changes: tuple[Callable[[], object], ...] = (
        lambda: None,
        lambda: deeper.write_text("22\n"),
        lambda: os.utime(deeper, ns=(5, 5)),
        lambda: (packages / "c.py").write_text(""),
        lambda: (packages / "a.py").rename(packages / "z.py"),
        deeper.unlink,
        lambda: installed.rename(installed.with_name("numbers-1.1.dist-info")),
    )
    for number, change in enumerate(changes):
        change()
        listing.run(as_json=False)
        listing.run(as_json=False)
        assert len(calls) == number + 1
    capsys.readouterr()


def test_a_link_to_nothing_is_passed_over_and_a_folder_that_cannot_be_read_keeps_nothing(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept_listing.basis()
    (packages / ".#a.py").symlink_to("somebody@nowhere.1")
    assert kept_listing.basis() == before is not None
    monkeypatch.setattr(kept_listing, "package_folder", lambda _: packages / "gone")
    assert kept_listing.basis() is None


def test_a_file_in_the_place_of_one_of_its_size_and_time_is_another(packages: Path) -> None:
    before, old = kept_listing.basis(), packages / "a.py"
    times, other = old.stat(), packages / "new"
    other.write_text("2\n")
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(old)
    assert kept_listing.basis() != before


def test_of_our_own_packages_there_is_something_to_keep_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_listing, "PACKAGES", PACKAGES)
    monkeypatch.setattr(kept_listing, "package_folder", package_folder)
    basis = kept_listing.basis()
    assert basis is not None
    assert basis == kept_listing.basis()


def test_where_another_package_announces_anything_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = made(monkeypatch)
    theirs = {"three": Plugin("sweep", "three", "theirs.three", "theirs 1.0")}
    monkeypatch.setattr("opbench.plugins.announced", lambda group: theirs if group == "sweeps" else {})
    monkeypatch.setattr(listing, "plugin_problems", list)
    listing.run(as_json=False)
    listing.run(as_json=False)
    assert calls == [0, 1]
    capsys.readouterr()


def test_what_is_broken_is_told_every_time(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def described(tell: object) -> kept_listing.Listing:
        assert callable(tell)
        tell("it is broken")
        return LISTED

    monkeypatch.setattr(listing, "described", described)
    for _ in range(2):
        listing.run(as_json=False)
        assert capsys.readouterr().err == "it is broken\n"


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"basis": 1}', "[" * 99_999])
def test_what_cannot_be_read_is_made_anew(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = made(monkeypatch)
    listing.run(as_json=False)
    (kept,) = Path(os.environ["OPBENCH_CACHE"]).glob("listing-*.json")
    kept.write_text(text)
    listing.run(as_json=False)
    assert calls == [0, 1]
    basis = kept_listing.basis()
    assert basis is not None
    wrong: list[object] = [{}, {"operators": {}}, {**LISTED, "sweeps": []}, {**LISTED, "sweeps": {"a": 1}}, 7]
    for listed in wrong:
        kept.write_text(json.dumps({"basis": basis, "listing": listed}))
        assert kept_listing.read(basis) is None
    capsys.readouterr()


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_time(
    packages: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = made(monkeypatch)
    monkeypatch.setenv("OPBENCH_CACHE", str(packages / "a.py"))
    assert listing.run(as_json=False) == 0
    assert listing.run(as_json=False) == 0
    assert calls == [0, 1]
    assert capsys.readouterr().err == ""
