"""Our files are pytest-benchmark files, nothing is lost in them, and any other file is named for what it is."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from pytest_benchmark.stats import Stats

from opbench.errors import UsageError
from opbench.gate.decision.verdict import Verdict
from opbench.gate.files.json_reader import read_file
from opbench.gate.files.json_writer import Origin, write_side
from opbench.gate.files.machine_info import comparable_info, environment_differences, machine_info
from opbench.gate.files.sample_statistics import statistics_of
from opbench.gate.samples import SIDES
from opbench.gate.stats.rule import DEFAULT
from opbench.store.environment_facts import environment_digest

from ..stored_pairs import BENCHMARKS, ENVIRONMENT, synthetic, write_pair, write_plain


@pytest.mark.parametrize("count", range(1, 14))
def test_statistics_are_pytest_benchmarks(count: int) -> None:
    samples = [1e-3 * (1 + (37 * place % 11) / 20 + (5.0 if place == 7 else 0.0)) for place in range(count)]
    theirs: Any = cast("Any", Stats)()
    for sample in samples:
        theirs.update(sample)
    ours = statistics_of(samples, 3)
    for name, value in theirs.as_dict().items():
        assert ours[name] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-12, abs=1e-15)), name
    assert list(ours) == [*Stats.fields, "data", "iterations"]


def test_slices_come_back_as_they_were_written(tmp_path: Path) -> None:
    samples = synthetic(BENCHMARKS[0].id)
    pair = write_pair(tmp_path, [samples])
    for side, path in zip(SIDES, (pair.base, pair.head), strict=True):
        entry = read_file(path).entries[BENCHMARKS[0].id]
        assert entry.benchmark == BENCHMARKS[0]
        assert entry.stages == {"screen": [turn for turn in samples.slices if samples.sides[turn.worker] == side]}
        assert entry.samples_s == [sample for turn in entry.stages["screen"] for sample in turn.samples_s]


def test_the_origin_comes_back_as_it_was_written(tmp_path: Path) -> None:
    origin = Origin("run-7", "head", "abc+dirty", DEFAULT, ENVIRONMENT)
    write_side(tmp_path / "a" / "head.json", origin, BENCHMARKS, [synthetic(BENCHMARKS[0].id)])
    stored = read_file(tmp_path / "a" / "head.json")
    assert stored.origin == origin
    assert stored.listed == [benchmark.id for benchmark in BENCHMARKS]
    assert list(stored.entries) == [BENCHMARKS[0].id]


def test_goes_of_one_stage_become_its_rounds_one_after_the_other(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, [synthetic(BENCHMARKS[0].id, rounds=3), synthetic(BENCHMARKS[0].id, rounds=3, seed=1)])
    slices = read_file(pair.base).entries[BENCHMARKS[0].id].stages["screen"]
    assert [turn.round for turn in slices if turn.worker == 0] == [0, 1, 2, 3, 4, 5]


def test_pytest_benchmarks_own_command_compares_our_files(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, [synthetic(benchmark.id) for benchmark in BENCHMARKS])
    command = [
        sys.executable,
        "-m",
        "pytest_benchmark",
        "--storage",
        str(tmp_path),
        "compare",
        "--columns=median,rounds",
    ]
    done = subprocess.run(
        [*command, str(pair.base), str(pair.head)], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Failed to load" not in done.stdout + done.stderr
    for benchmark in BENCHMARKS:
        assert done.stdout.count(benchmark.id.rpartition("::")[2]) == 2


def test_a_file_that_cannot_be_written_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write") as raised:
        write_side(tmp_path / "file" / "a.json", Origin("r", "base", "a", DEFAULT, ENVIRONMENT), BENCHMARKS, [])
    assert "\n" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_plain_file_is_read(tmp_path: Path) -> None:
    stored = read_file(write_plain(tmp_path, "base", 1)[0])
    assert stored.origin is None
    assert stored.written is not None
    assert [len(entry.samples_s) for entry in stored.entries.values()] == [20] * 4


def test_an_old_plain_file_is_read(tmp_path: Path) -> None:
    """Version 3.1: no `extra_info` everywhere, times without a zone, the processor under `brand`."""
    content: dict[str, Any] = {
        "machine_info": {"cpu": {"brand": "EPYC", "count": 2}, "python_version": "3.6.1"},
        "benchmarks": [{"name": "test_a", "fullname": "a.py::test_a", "params": {"n": 3}, "stats": {"data": [1, 2.5]}}],
        "datetime": "2017-03-01T12:00:00.123456",
        "version": "3.1.0",
    }
    path = tmp_path / "old.json"
    path.write_text(json.dumps(content))
    stored = read_file(path)
    entry = stored.entries["a.py::test_a"]
    assert (entry.benchmark.params, entry.samples_s, entry.problem) == ({"n": "3"}, [1, 2.5], None)
    assert stored.written is not None
    assert stored.written.tzinfo is not None
    assert comparable_info(stored.machine_info)["cpu"] == "EPYC"


FOREIGN: dict[str, Any] = {
    "asv": {"commit_hash": "a", "results": {}},
    "Google Benchmark": {"context": {}, "benchmarks": [{"name": "a", "real_time": 1.0}]},
    "NVBench": {"meta": {}, "devices": [], "benchmarks": []},
    "pyperf": {"version": "1.0", "benchmarks": [{"runs": []}]},
    "hyperfine": {"results": [{"command": "ls", "mean": 1.0}]},
    "criterion": {"mean": {"point_estimate": 1.0}, "median": {}},
    "JMH": [{"jmhVersion": "1.37"}],
}


@pytest.mark.parametrize("tool", FOREIGN)
def test_another_tools_file_is_named(tool: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(FOREIGN[tool]))
    with pytest.raises(UsageError, match=tool):
        read_file(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ('{"benchmarks": [', "cut short"),
        ("name,mean\na,1", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "no list 'benchmarks'"),
        ('{"benchmarks": {}}', "no list 'benchmarks'"),
        ('{"mean": 3, "benchmarks": 1}', "no list 'benchmarks'"),
        ('{"benchmarks": []}', "holds no benchmark"),
        ('{"benchmarks": [3]}', "without a name"),
        ('{"benchmarks": [{"fullname": "a"}], "opbench": {"schema": 99}}', "schema 99"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line_that_names_it(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as raised:
        read_file(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("sample", [0, -1e-3, math.nan, math.inf, True, None, "1", [1], 10**400])
def test_a_sample_that_is_no_time_spoils_its_benchmark_only(sample: Any, tmp_path: Path) -> None:
    path = write_plain(tmp_path, "base", 1)[0]
    content = json.loads(path.read_text())
    content["benchmarks"][1]["stats"]["data"][3] = sample
    path.write_text(json.dumps(content))
    problems = [entry.problem for entry in read_file(path).entries.values()]
    assert problems[1] is not None
    assert problems[1][0] is Verdict.INVALID
    assert "expected seconds above 0" in problems[1][1]
    assert [problems[0], *problems[2:]] == [None] * 3


def test_slices_of_a_later_schema_are_not_guessed_at(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, [synthetic(BENCHMARKS[0].id)])
    with pair.edit("base") as content:
        content["benchmarks"][0]["extra_info"]["opbench"]["schema"] = 2
    problem = read_file(pair.base).entries[BENCHMARKS[0].id].problem
    assert problem is not None
    assert "schema 2" in problem[1]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_file(tmp_path)


def test_what_moves_on_its_own_is_no_difference() -> None:
    busy = ENVIRONMENT | {"load_average": 9.0, "python": "3.11.9"}
    assert environment_differences(ENVIRONMENT, busy) == []
    assert environment_digest(ENVIRONMENT) == environment_digest(busy)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("threads", 2, "threads 1 against 2"),
        ("python", "3.12.0", "python '3.11' against '3.12'"),
        ("versions", {"torch": "2.9", "numpy": "2.4.6"}, "versions.torch '2.13.0' against '2.9'"),
        ("versions", {"numpy": "2.4.6"}, "versions.torch '2.13.0' against none"),
        ("of_tomorrow", [1], "of_tomorrow none against [1]"),
    ],
)
def test_anything_else_is_a_difference_in_words(key: str, value: object, message: str) -> None:
    other = ENVIRONMENT | {key: value}
    assert environment_differences(ENVIRONMENT, other) == [message]
    assert environment_digest(ENVIRONMENT) != environment_digest(other)


def test_our_machine_info_says_what_pytest_benchmarks_does() -> None:
    info = comparable_info(machine_info(ENVIRONMENT))
    assert info["cpu"] == "EPYC 7003"
    assert info["cores"] == 2
    assert info["python"] == "3.11.7"
    assert {"architecture", "system"} <= info.keys()


def test_a_machine_info_of_odd_values_is_no_crash() -> None:
    assert comparable_info({"cpu": "EPYC", "system": ["Linux"]}) == {"system": ["Linux"]}
