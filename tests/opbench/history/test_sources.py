"""Rows of runs of sweeps and of the gate, of files of pytest-benchmark and asv: their figures, commits and machines."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opbench.commands.history import add as add_command
from opbench.commands.history.into import Into
from opbench.errors import UsageError
from opbench.gate.benchmark import Benchmark
from opbench.gate.files.json_writer import Origin, write_side
from opbench.gate.samples import SIDES
from opbench.gate.stats.rule import DEFAULT
from opbench.history import files
from opbench.history.adding import add
from opbench.history.commits import Commits
from opbench.history.machine import machine
from opbench.history.row import HistoryRow
from opbench.history.sources import asv_results, benchmark_files, sweep_run
from opbench.history.sources.asked import Asked
from opbench.store.runs import Run, new_run
from opbench.vocabulary.record import Failed, Measured
from tests.opbench.gate.stored_pairs import BENCHMARKS, ENVIRONMENT, synthetic, write_pair, write_plain
from tests.reports.builders import measured, record

ASKED = Asked("ci")


def sweep(results: Path) -> Run:
    run = new_run(results, "rows")
    busy = replace(measured(3e-5), contention="others")
    assert isinstance(busy, Measured)
    run.append([record(measured(1e-5, spread=0.1)), record(busy, replica=1), record(Failed("check", "x"), "gone")])
    return run


def rows_of(found: list[list[HistoryRow] | UsageError] | None) -> list[HistoryRow]:
    assert found is not None
    (rows,) = found
    assert not isinstance(rows, UsageError)
    return rows


def test_a_sweep_gives_a_row_for_each_case_that_was_measured(tmp_path: Path) -> None:
    run = sweep(tmp_path)
    first, second = rows_of(sweep_run.rows(run.folder, ASKED))
    assert first.median_s == pytest.approx(1e-5)
    assert first.low_s == pytest.approx(0.95e-5)
    assert first.high_s == pytest.approx(1.05e-5)
    assert (first.samples, first.process, first.contended, second.contended) == (41, 0, False, True)
    assert (first.commit, first.dirty, first.run) == ("0123456789ab", False, f"rows/{run.folder.name}")
    assert second.case == f"{first.case}#2"
    assert json.loads(first.axes) == {"batch": 1, "channels": 16}
    assert json.loads(first.facts)["versions.torch"] == "2.13.0"
    assert "load_average" not in json.loads(first.facts)
    assert str(first.started) == "2026-01-02 03:04:05+00:00"


def test_machines_of_one_name_are_told_apart_by_their_processors_and_not_by_their_libraries() -> None:
    facts: dict[str, Any] = {"device_name": "EPYC 9004", "cores": 2, "memory_bytes": 8 << 30, "versions": {"a": "1"}}
    mine = ASKED.circumstances(facts)
    libraries = ASKED.circumstances(facts | {"versions": {"a": "2"}, "memory_bytes": (8 << 30) - 12345})
    assert libraries["machine"] == mine["machine"]
    assert libraries["environment"] != mine["environment"]
    for shown, gib in ((15.3, 16), (15.49, 16), (15.51, 16), (16, 16), (31.1, 32), (11.7, 12), (0.5, 2)):
        assert machine(facts | {"memory_bytes": int(shown * (1 << 30))}).facts["memory_gib"] == gib
    for change in ({"device_name": "Xeon"}, {"cores": 4}, {"memory_bytes": 16 << 30}):
        other = ASKED.circumstances(facts | change)["machine"]
        assert other != mine["machine"]
        assert other.startswith("ci@")
    with pytest.raises(UsageError, match="--machine 'a/b'"):
        Asked("a/b").circumstances(facts)


def test_a_run_of_the_gate_gives_a_row_for_each_worker_of_both_sides(tmp_path: Path) -> None:
    samples = [synthetic(benchmark.id, workers=3, rounds=2) for benchmark in BENCHMARKS]
    write_pair(tmp_path, samples)
    rows = rows_of(benchmark_files.rows(tmp_path, ASKED))
    assert len(rows) == 6 * len(BENCHMARKS)
    assert {row.commit for row in rows} == {"aaaa", "bbbb"}
    first = [row for row in rows if row.case == BENCHMARKS[0].id]
    assert len({row.process for row in first}) == 6
    sides = {"base": "aaaa", "head": "bbbb"}
    for row in first:
        assert row.commit == sides[samples[0].sides[row.process]]
        taken = [one for part in samples[0].slices if part.worker == row.process for one in part.samples_s]
        assert row.median_s == pytest.approx(np.median(taken))
        assert row.samples == len(taken)
        assert json.loads(row.axes) == {"channels": "8"}
    assert {row.environment for row in rows} == {ASKED.circumstances(ENVIRONMENT)["environment"]}


def test_cases_that_the_gate_measured_have_the_parts_of_their_keys(tmp_path: Path) -> None:
    key = "rowsum/bfloat16/cpu/out/wall/batch=3,kind=odd/eager#2"
    samples = [synthetic(key, workers=1, rounds=1)]
    for side in SIDES:
        write_side(
            tmp_path / f"{side}.json", Origin("1", side, "aaaa", DEFAULT, ENVIRONMENT), [Benchmark(key)], samples
        )
    for row in rows_of(benchmark_files.rows(tmp_path, ASKED)):
        assert (row.case, row.source) == (key, "gate")
        assert (row.operator, row.backend, row.dtype, row.device) == ("rowsum", "eager#2", "bfloat16", "cpu")
        assert (row.mode, row.clock, json.loads(row.axes)) == ("out", "wall", {"batch": 3, "kind": "odd"})


def test_a_file_of_pytest_benchmark_is_known_by_its_content_and_needs_a_commit(tmp_path: Path) -> None:
    (path,) = write_plain(tmp_path, "head", 1, names=2)
    content = json.loads(path.read_text())
    content["commit_info"] = {"id": "f" * 40, "time": "2026-01-02T03:04:05+02:00", "dirty": True}
    path.write_text(json.dumps(content))
    rows = rows_of(benchmark_files.rows(path, ASKED))
    assert [row.case for row in rows] == [one["fullname"] for one in content["benchmarks"]]
    assert rows[0].median_s == pytest.approx(np.median(content["benchmarks"][0]["stats"]["data"]))
    assert (rows[0].commit, rows[0].dirty) == ("f" * 40, True)
    assert str(rows[0].commit_time) == "2026-01-02 01:04:05+00:00"
    renamed = path.rename(tmp_path / "again.json")
    assert rows_of(benchmark_files.rows(renamed, ASKED)) == rows
    content["commit_info"] = {"id": "unknown"}
    renamed.write_text(json.dumps(content))
    with pytest.raises(UsageError, match="names no commit"):
        benchmark_files.rows(renamed, ASKED)


def asv_file(folder: Path, **changes: Any) -> Path:
    content: dict[str, Any] = {
        "commit_hash": "d" * 40,
        "env_name": "virtualenv-py3.12",
        "date": 1767225600000,
        "params": {"arch": "x86_64", "cpu": "EPYC", "machine": "a machine", "num_cpu": "2", "os": "Linux", "ram": "8"},
        "python": "3.12",
        "requirements": {"numpy": "2.4"},
        "env_vars": {},
        "result_columns": ["result", "params", "version", "started_at", "stats_q_25", "stats_q_75", "stats_repeat"],
        "results": {
            "suite.time_sort": [[0.5], [], "v", 1767229200000, [0.4], [0.6], [10]],
            "suite.time_add": [[1.0, None, 3.0], [["1", "2", "3"]], "v", None, [0.9, None, 2.9]],
            "suite.mem_add": [[1024.0], [], "v"],
            "suite.time_gone": None,
            "suite.time_failed": [None, [["1", "2"]], "v"],
        },
        "durations": {},
        "version": 2,
    }
    path = folder / "a machine" / "dddddddd-virtualenv-py3.12.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content | changes))
    return path


def test_results_of_asv_give_a_row_for_each_combination_of_parameters(tmp_path: Path) -> None:
    path = asv_file(tmp_path)
    (path.parent / "machine.json").write_text('{"machine": "a machine", "version": 1}')
    rows = {row.case: row for row in rows_of(asv_results.rows(tmp_path, Asked()))}
    assert list(rows) == ["suite.time_sort", "suite.time_add(1)", "suite.time_add(3)"]
    sort, last = rows["suite.time_sort"], rows["suite.time_add(3)"]
    assert (sort.median_s, sort.low_s, sort.high_s, sort.samples) == (0.5, 0.4, 0.6, 10)
    assert (last.median_s, last.low_s, last.high_s, last.samples) == (3.0, 2.9, 3.0, 1)
    assert sort.machine.startswith("a-machine@")
    assert (sort.commit, str(sort.commit_time)) == ("d" * 40, "2026-01-01 00:00:00+00:00")
    assert last.started is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 1}, "asv update"),
        ({"params": None}, "not asv's results as documented"),
        ({"results": {"suite.time_add": [[1.0, 2.0], [["1"]]]}}, "not asv's results as documented"),
    ],
)
def test_results_of_asv_that_are_otherwise_are_refused_by_their_file(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = asv_file(tmp_path, **change)
    with pytest.raises(UsageError, match=said) as refused:
        asv_results.rows(path, ASKED)
    assert str(refused.value).startswith(str(path))


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000])
def test_asvs_list_of_benchmarks_is_refused_by_its_own_name(text: str, tmp_path: Path) -> None:
    path = asv_file(tmp_path)
    (path.parent / "benchmarks.json").write_text(text)
    with pytest.raises(UsageError, match=r"benchmarks\.json is not asv's list of benchmarks"):
        asv_results.rows(path, ASKED)


def test_a_bad_file_of_a_folder_leaves_out_itself_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = asv_file(tmp_path)
    bad = whole.with_name("aaaa-e.json")
    bad.write_text(json.dumps(json.loads(whole.read_text()) | {"version": 1}))
    kept = tmp_path / "history"
    assert add_command.run((str(tmp_path / "a machine"),), Into(kept), tmp_path, as_json=False) == 1
    assert files.read(kept).table.num_rows == 3
    assert capsys.readouterr().err.startswith(f"opbench: {bad}: asv results of version 1")


def test_a_sweep_of_an_unknown_commit_wants_to_be_told_it(tmp_path: Path) -> None:
    run = new_run(tmp_path, "rows")
    run.append([replace(record(measured(1e-5)), revision="unknown")])
    with pytest.raises(UsageError, match=r"the commit is unknown.*--commit"):
        sweep_run.rows(run.folder, ASKED)
    (row,) = rows_of(sweep_run.rows(run.folder, replace(ASKED, revision="f" * 40 + "+dirty")))
    assert (row.commit, row.dirty) == ("f" * 40, True)
    with pytest.raises(UsageError, match="--commit 'main'"):
        replace(ASKED, revision="main")
    with pytest.raises(UsageError, match="names its commits itself"):
        list(add(str(asv_file(tmp_path)), tmp_path / "history", tmp_path, replace(ASKED, revision="f" * 40)))


def test_what_is_named_is_found_by_sweep_by_run_and_by_path(tmp_path: Path) -> None:
    run = sweep(tmp_path / "results")
    kept = tmp_path / "history"
    asked = Asked("ci", Commits({"0123456789ab": "0123456789ab" + "0" * 28}, (1767225600.0,)))
    names = ("rows", f"rows/{run.folder.name}", str(run.folder))
    added = [one for name in names for one in add(name, kept, tmp_path / "results", asked)]
    told = [(one.new, one.rows) for one in added if isinstance(one, files.Added)]
    assert told == [(True, 2), (False, 2), (False, 2)]
    (time,) = set(files.read(kept).table["commit_time"].to_pylist())
    assert str(time) == "2026-01-01 00:00:00+00:00"


def test_gate_is_the_newest_run_of_the_gate(tmp_path: Path) -> None:
    for name in ("20260105-120000-a1b2", "20260106-120000-a1b2"):
        (tmp_path / "gate" / name).mkdir(parents=True)
        write_pair(tmp_path / "gate" / name, [synthetic(BENCHMARKS[0].id, workers=1, rounds=1)])
    (added,) = add("gate", tmp_path / "history", tmp_path, ASKED)
    assert isinstance(added, files.Added)
    assert added.path.name.startswith("gate--20260106")


def test_what_is_none_of_these_or_has_nothing_measured_is_one_line(tmp_path: Path) -> None:
    results = tmp_path / "results"
    run = new_run(results, "rows")
    run.append([record(Failed("check", "x"))])
    (tmp_path / "torn.json").write_text('{"benchmarks": [')
    for named, said in (
        ("rows", "nothing was measured in rows"),
        ("row", "no run 'row'"),
        (str(tmp_path / "torn.json"), "is not JSON"),
    ):
        with pytest.raises(UsageError, match=said):
            list(add(named, tmp_path / "history", results, ASKED))
    assert not (tmp_path / "history").exists()
