"""Where a profile's files go: under --results, and under a temporary folder where that takes no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from opbench.errors import MachineError, UsageError
from opbench.store.runs import Run

from .profile_command import profile


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("full_at", ["kernels.csv", "trace.json", "report.html", "profile.html"])
def test_on_a_disk_that_is_full_everything_goes_on_in_a_temporary_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, full_at: str
) -> None:
    results, elsewhere = tmp_path / "results", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    real = Run.write

    def write(self: Run, name: str, data: bytes) -> Path:
        if name == full_at and results in self.folder.parents:
            raise MachineError(f"cannot write {name}: No space left on device")
        return real(self, name, data)

    monkeypatch.setattr(Run, "write", write)
    code, facts, page = profile(results, capsys)
    assert code == 0
    (line,) = facts["refusals"]
    assert line.startswith(
        f"cannot write {full_at}: No space left on device; the profile is under {elsewhere}/opbench-"
    )
    folder = Path(facts["profile"]).parent
    assert elsewhere in folder.parents
    names = {"records.jsonl", "environment.json", "kernels.csv", "trace.json", "report.html", "profile.html"}
    assert {path.name for path in folder.iterdir()} >= names
    assert facts["trace"] == str(folder / "trace.json")
    assert "aten::mul" in page


@pytest.mark.usefixtures("quick")
def test_a_folder_that_cannot_be_made_is_one_line_and_another_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, facts, _ = profile(Path("/proc/results"), capsys)  # which not even root may write
    assert code == 0
    (line,) = facts["refusals"]
    assert line.startswith("cannot make /proc/results/profile/")
    assert f"; the profile is under {tmp_path}/opbench-results-" in line
    assert tmp_path in Path(facts["profile"]).parents


def test_without_any_disk_it_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(MachineError, match=r"cannot make /proc/.*; nor is there a temporary folder .*set TMPDIR"):
        profile(Path("/proc/results"), capsys)


def test_results_that_are_a_file_are_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"is a file .*; expected a folder"):
        profile(tmp_path / "file", capsys)
