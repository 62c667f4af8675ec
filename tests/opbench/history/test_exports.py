"""Other tools' files of a history: their layouts, and the same figures when they are read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import UsageError
from opbench.history import files
from opbench.history.commits import Commits
from opbench.history.exports.writing import export
from opbench.history.sources import asv_results, benchmark_files
from opbench.history.sources.asked import Asked

from .builders import at_commit, commit, history


def example(folder: Path) -> Path:
    """Two commits with two processes, two points of one operator, one of which was measured at the second alone."""
    rows = [
        at_commit(number, value, process=process)
        for number, process, value in ((1, 0, 1.0), (1, 1, 3.0), (2, 0, 2.0), (2, 1, 5.0))
    ]
    rows.append(at_commit(2, 7.0, case="other", axes='{"batch": 3}'))
    rows.append(at_commit(3, 9.0, dirty=True))
    return history(folder / "history", rows)


def written(folder: Path, form: str) -> dict[str, Any]:
    graph = Commits({commit(1): commit(1) + "a" * 28}, (1767225600.0,))
    to = folder / form
    count, problems = export(example(folder), to, form, graph)
    found = {str(path.relative_to(to)): json.loads(path.read_text()) for path in sorted(to.rglob("*.json"))}
    assert count == len(found)
    assert problems == ()
    return found


def test_asv_gets_a_benchmark_for_an_operator_and_backend_with_its_points_as_parameter(tmp_path: Path) -> None:
    found = written(tmp_path, "asv")
    name = "rowsum.time_eager_float32_cpu_forward_wall"
    listed = found["benchmarks.json"][name]
    points = ["'batch=1'", "'batch=3'"]
    assert (listed["params"], listed["unit"], listed["type"]) == ([points], "seconds", "time")
    first, second = (one for place, one in found.items() if "opbench-" in place)
    assert (first["commit_hash"], first["date"]) == (commit(1) + "a" * 28, 1767225600000)
    assert second["commit_hash"] == commit(2)
    assert dict(zip(first["result_columns"], first["results"][name], strict=True))["result"] == [2.0, None]
    assert second["results"][name][0] == [3.5, 7.0]
    assert found["ci@0a1b2c/machine.json"]["version"] == 1
    assert len(found) == 4  # not the changed checkout


def test_asv_files_are_read_back_with_the_same_figures(tmp_path: Path) -> None:
    written(tmp_path, "asv")
    runs = asv_results.rows(tmp_path / "asv", Asked())
    assert runs is not None
    assert [[row.median_s for row in rows] for rows in runs if not isinstance(rows, UsageError)] == [[2.0], [3.5, 7.0]]


def test_pytest_benchmark_files_are_read_back_with_the_same_figures(tmp_path: Path) -> None:
    found = written(tmp_path, "pytest-benchmark")
    dirty = [one["commit_info"]["dirty"] for one in found.values()]
    assert dirty == [False, False, True]
    medians = []
    for place in found:
        runs = benchmark_files.rows(tmp_path / "pytest-benchmark" / place, Asked("ci"))
        assert runs is not None
        assert not isinstance(runs[0], UsageError)
        medians.append({row.case: row.median_s for row in runs[0]})
    case = at_commit(1, 1.0).case
    assert medians == [{case: 2.0}, {case: 3.5, "other": 7.0}, {case: 9.0}]


@pytest.mark.parametrize(
    ("name", "content"),
    [("benchmarks.json", '{"a.time_b": {"code": "x"}, "version": 2}'), ("m/dddddddd-virtualenv-py3.12.json", "{}")],
)
def test_a_folder_with_files_of_another_tool_stays_as_it_is_and_ours_is_written_again(
    name: str, content: str, tmp_path: Path
) -> None:
    folder, to = example(tmp_path), tmp_path / "to"
    assert export(folder, to, "asv", Commits()) == export(folder, to, "asv", Commits())
    theirs = tmp_path / "theirs"
    (theirs / name).parent.mkdir(parents=True)
    (theirs / name).write_text(content)
    with pytest.raises(UsageError, match="choose another --to"):
        export(folder, theirs, "asv", Commits())
    assert [path.read_text() for path in theirs.rglob("*.json")] == [content]


def test_cases_that_asv_could_not_tell_apart_are_refused_unless_they_are_one(tmp_path: Path) -> None:
    folder = history(tmp_path / "history", [at_commit(1, 1.0, case="a"), at_commit(1, 2.0, case="b")])
    with pytest.raises(UsageError, match=r"a and b would both be rowsum\.time_eager"):
        export(folder, tmp_path / "to", "asv", Commits())
    (folder / "aliases.toml").write_text('[cases]\n"a" = "b"\n')
    assert export(folder, tmp_path / "to", "asv", Commits())[0] == 3


def test_an_unknown_format_and_no_history_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no format 'jmh'; there are: asv, pytest-benchmark"):
        export(tmp_path, tmp_path, "jmh", Commits())
    with pytest.raises(UsageError, match="opbench history add"):
        export(tmp_path, tmp_path, "asv", Commits())


def test_a_damaged_file_is_told_and_the_rest_is_written(tmp_path: Path) -> None:
    folder = example(tmp_path)
    path = min(folder.glob(f"*{files.SUFFIX}"))
    path.write_bytes(b"PAR1")
    count, problems = export(folder, tmp_path / "to", "pytest-benchmark", Commits())
    assert count == 2
    assert str(path) in problems[0]
