"""Files that mutation found: read, and then no traceback, no second line, no number without end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opbench.caches import kept
from opbench.commands import dispatch_listing
from opbench.dispatch_table import Row, Table, write
from opbench.gate.decision.verdict import Verdict
from opbench.gate.runs.stored import judge_files
from opbench.gate.samples import SIDES
from opbench.gate.stats.rule import DEFAULT

from .gate.stored_pairs import write_plain


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("content", ["{", "[]", "\ufeff{}", '{"schema": "a\\nb"}', '{"schema": "' + "x" * 5000 + '"}'])
def test_a_note_on_a_measurement_that_cannot_be_used_is_one_short_line(content: str) -> None:
    file = kept.file_for(kept.machine(2))
    file.parent.mkdir(parents=True)
    file.write_text(content, encoding="utf-8")
    note = kept.known(2).note
    assert note.startswith(f"{file} holds no measurement of this machine's caches (")
    assert note.isprintable()
    assert len(note) < 600


def test_a_shape_without_times_is_left_out_of_the_list(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = (Row("pairs", "float32", {"channels": 3}, {}), Row("pairs", "float32", {"channels": 17}, {"one": 1e-5}))
    write(Table("Abacus", "abc", rows), cache / "dispatch" / "abacus.json")
    assert dispatch_listing.run(as_json=False) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("pairs")]
    assert line.split() == ["pairs", "float32", "17", "one", "10"]


@pytest.mark.parametrize("value", [0.0, -1.0, 5e-324, 1e-20, 1e9, 1e308, True, "1"])
def test_a_time_that_no_clock_gives_is_no_time(tmp_path: Path, value: object) -> None:
    for side in SIDES:
        write_plain(tmp_path, side, 2, names=2)
    file = tmp_path / "head1.json"
    content = json.loads(file.read_text())
    content["benchmarks"][0]["stats"]["data"][3] = value
    file.write_text(json.dumps(content))
    files = [sorted(tmp_path.glob(f"{side}*.json")) for side in SIDES]
    first, second = sorted(judge_files(files[0], files[1], DEFAULT), key=lambda one: one.benchmark)
    assert first.verdict is Verdict.INVALID
    assert f"one of its samples is {value!r}, expected seconds above 0 and below 1e9" in first.reason
    assert second.verdict is not Verdict.INVALID
