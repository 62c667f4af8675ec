"""A whole bisection over a real repository, with a gate that follows a script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opbench.commands.bisect import run as bisecting
from opbench.commands.bisect.run import BisectOptions
from opbench.errors import MachineError, UsageError
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.runs.options import GateOptions
from opbench.gate.stats.rule import Rule
from opbench.history.bisection.journal import FILE
from opbench.history.confirming.question import Measuring
from tests.repositories import commit, git, isolated_git, registered

from ..builders import history, line
from ..scripted_gate import ScriptedGate

CASE = "tests/bench/test_it.py::test_it[7]"


@pytest.fixture(scope="module", autouse=True)
def isolated() -> Iterator[None]:
    with isolated_git():
        yield


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Path:
    folder = tmp_path_factory.mktemp("bisected")
    git(folder, "init", "-q")
    for number in range(12):
        commit(folder, "a.py", f"{number}")
    return folder


@pytest.fixture(scope="module")
def commits(repository: Path) -> list[str]:
    return git(repository, "rev-list", "--reverse", "HEAD").splitlines()


def levels(commits: list[str], **since: float) -> dict[str, float]:
    """Seconds of each commit, which go up by these factors: `c5=1.2` is 20 % from the fifth on."""
    told = dict.fromkeys(commits, 1.0)
    for name, factor in since.items():
        for one in commits[int(name[1:]) :]:
            told[one] *= factor
    return told


def bisected(
    gate: Any, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **asked: Any
) -> tuple[int, Mapping[str, Any]]:
    """The exit code and the result."""
    monkeypatch.setattr(bisecting, "gate_of", lambda *_: gate)
    tolerance = asked.pop("tolerance", 0.0)
    usual: dict[str, Any] = {"case": CASE, "good": "HEAD~11", "repository": repository, "as_json": True}
    measuring = Measuring(results=tmp_path / "results", tolerance=tolerance)
    code = bisecting.run(BisectOptions(**usual | asked, measuring=measuring))
    (path,) = (tmp_path / "results" / "bisect").glob("*/bisect.json")
    return code, json.loads(path.read_text())


@pytest.mark.parametrize("first_bad", [1, 5, 11])
def test_the_commit_is_found_and_confirmed_alone(
    first_bad: int, repository: Path, commits: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = ScriptedGate(levels(commits, **{f"c{first_bad}": 1.2}))
    code, told = bisected(gate, repository, tmp_path, monkeypatch)
    assert code == 0
    assert (told["outcome"], told["first_bad"]) == ("found", commits[first_bad])
    assert told["alone"]["base"] == commits[first_bad - 1]
    assert told["alone"]["mark"] == "bad"
    assert told["alone"]["ratio"] == pytest.approx(1.2, rel=0.01)
    assert len(gate.asked) <= 1 + 4 + 1
    assert [one[:2] for one in gate.asked[:1]] == [(commits[0], commits[11])]
    assert {base for base, *_ in gate.asked[1:-1]} <= {commits[0]}
    assert [one[3] for one in gate.asked] == pytest.approx([0.03, *[0.1] * (len(gate.asked) - 1)], abs=0.001)
    assert told["command"].startswith(
        f"opbench gate '{CASE}' --base {told['alone']['base']} --head {commits[first_bad]}"
    )


def test_the_runs_to_come_are_told_before_the_first(
    repository: Path,
    commits: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gate = ScriptedGate(levels(commits, c7=1.3))
    _, told = bisected(gate, repository, tmp_path, monkeypatch, as_json=False)
    said = capsys.readouterr()
    first, *rest = said.err.splitlines()
    assert first.startswith("11 commits may have done it: at most 6 runs of the gate")
    assert rest[0].startswith(f"[1 of 6] {commits[11][:12]} against {commits[0][:12]}: bad 1.3")
    assert len(rest) == len(gate.asked)
    assert [one.partition(" ")[0] for one in rest] == [f"[{number}" for number in range(1, len(rest) + 1)]
    assert said.out.splitlines()[0] == told["sentence"]
    assert told["sentence"].startswith(f"{commits[7][:12]} (a.py) made it slower: 1.300 [")


def test_of_each_run_is_told_what_came_and_how_long_it_took(
    repository: Path,
    commits: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gate = ScriptedGate(levels(commits, c11=1.25), broken=frozenset(commits[10:11]), wide=frozenset({commits[9]}))
    _, told = bisected(gate, repository, tmp_path, monkeypatch, good="HEAD~3", as_json=False)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == (
        "3 commits may have done it: at most 4 runs of the gate, and one or two more for each that it cannot judge"
    )
    by_head = {step["head"]: step for step in told["steps"]}
    for one in said[1:]:
        ((head, step),) = [(head, step) for head, step in by_head.items() if head[:12] in one.split(" against ")[0]]
        if one.startswith("["):
            size = "" if step["ratio"] is None else f" {step['ratio']:.3f} [{step['low']:.3f}, {step['high']:.3f}]"
            assert one.partition("] ")[2] == (
                f"{head[:12]} against {commits[8][:12]}: {step['mark']}{size}, {step['seconds']:.0f} s: "
                f"{step['verdict']} {step['reason']}"
            )
        else:
            assert one == f"{head[:12]} once more: {step['reason']}"
    assert by_head[commits[10]]["verdict"] == ""
    assert by_head[commits[10]]["reason"] == "head cannot be collected: SyntaxError"
    assert sum("once more" in one for one in said) == 1


def test_what_is_not_slower_at_all_is_said_and_not_looked_for(
    repository: Path, commits: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, (gate, outcome) in enumerate(
        (
            (ScriptedGate(), "not slower"),
            (ScriptedGate(levels(commits, c3=0.8)), "not slower"),
            (ScriptedGate(levels(commits, c3=1.2), wide=frozenset({commits[11]})), "open"),
        )
    ):
        code, told = bisected(gate, repository, tmp_path / str(place), monkeypatch)
        assert (code, told["outcome"], told["first_bad"]) == (3, outcome, None)
        assert len(gate.asked) == 1


def test_commits_that_cannot_be_judged_are_skipped_and_named_where_they_hide_it(
    repository: Path, commits: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = ScriptedGate(levels(commits, c6=1.2), broken=frozenset(commits[5:6]), crashing=frozenset(commits[8:9]))
    code, told = bisected(gate, repository, tmp_path, monkeypatch)
    assert (code, told["outcome"], told["first_bad"]) == (3, "among", commits[6])
    assert told["or_one_of"] == [commits[5]]
    skipped = {step["head"]: step for step in told["steps"] if step["mark"] == "skip"}
    assert skipped[commits[5]]["reason"] == "head cannot be collected: SyntaxError"
    hidden = ScriptedGate(levels(commits, c6=1.2), broken=frozenset(commits[3:5]))
    code, told = bisected(hidden, repository, tmp_path / "other", monkeypatch)
    assert (code, told["outcome"], told["first_bad"]) == (0, "found", commits[6])


def test_an_open_commit_is_tried_twice_and_then_skipped(
    repository: Path, commits: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    middle = frozenset(commits[5:7])  # git asks about one of them first
    gate = ScriptedGate(levels(commits, c9=1.2), wide=middle)
    code, told = bisected(gate, repository, tmp_path, monkeypatch)
    assert (code, told["first_bad"]) == (0, commits[9])
    asked = [head for _, head, *_ in gate.asked]
    assert middle & set(asked)
    assert all(asked.count(head) == (2 if head in middle else 1) for head in set(asked) - {commits[9]})
    assert {step["mark"] for step in told["steps"] if step["head"] in middle} == {"skip"}


def test_a_slowdown_of_several_commits_is_put_down_to_none_of_them_alone(
    repository: Path, commits: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = ScriptedGate(levels(commits, c2=1.08, c6=1.08, c9=1.08))
    code, told = bisected(gate, repository, tmp_path, monkeypatch)
    assert (code, told["first_bad"], told["alone"]["mark"]) == (0, commits[6], "good")
    assert "not all of it is its own" in told["sentence"]


class KilledError(Exception):
    """In the place of a kill."""


def test_what_was_killed_goes_on_with_what_is_on_record(
    repository: Path, commits: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ScriptedGate(levels(commits, c7=1.2))
    bisected(whole, repository, tmp_path / "whole", monkeypatch)
    for after in range(len(whole.asked)):
        gate = ScriptedGate(levels(commits, c7=1.2))

        def killed(
            options: GateOptions, rule: Rule, gate: ScriptedGate = gate, after: int = after
        ) -> tuple[LiveRun, Path]:
            if len(gate.asked) == after:
                raise KilledError
            return gate(options, rule)

        with pytest.raises(KilledError):
            bisected(killed, repository, tmp_path / str(after), monkeypatch)
        code, told = bisected(gate, repository, tmp_path / str(after), monkeypatch)
        assert (code, told["first_bad"]) == (0, commits[7])
        assert gate.asked == whole.asked  # none twice, none left out


def test_a_finished_bisection_is_told_again_or_measured_again_and_a_damaged_one_refused(
    repository: Path, commits: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = ScriptedGate(levels(commits, c7=1.2))
    first = bisected(gate, repository, tmp_path, monkeypatch)
    count = len(gate.asked)
    assert bisected(gate, repository, tmp_path, monkeypatch) == first
    assert len(gate.asked) == count
    bisected(gate, repository, tmp_path, monkeypatch, again=True)
    assert len(gate.asked) == 2 * count
    (kept,) = (tmp_path / "results" / "bisect").glob(f"*/{FILE}")
    kept.write_text(kept.read_text()[:-9])
    with pytest.raises(UsageError, match="--again measures anew"):
        bisected(gate, repository, tmp_path, monkeypatch)


def test_a_machine_that_cannot_measure_ends_it_and_blames_no_commit(
    repository: Path, commits: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> tuple[LiveRun, Path]:
        raise MachineError("no space left")

    with pytest.raises(MachineError, match="no space left"):
        bisected(full, repository, tmp_path, monkeypatch)
    assert not list((tmp_path / "results").rglob(FILE))


def test_ends_come_from_the_newest_slowdown_of_a_history(
    repository: Path, commits: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [1e-3 * (1 + 0.02 * (at >= 7)) * (1 + 0.001 * (at % 3)) for at in range(12)]
    facts: dict[str, Any] = {"facts": json.dumps({"device": "cpu", "threads": 2}), "environment": "e" * 12}
    rows = [replace(row, commit=commits[at], case=CASE, **facts) for at, row in enumerate(line(seconds))]
    kept = history(tmp_path / "history", rows)
    gate = ScriptedGate(levels(commits, c7=1.02))
    code, told = bisected(gate, repository, tmp_path, monkeypatch, good="", history=kept)
    assert (code, told["first_bad"]) == (0, commits[7])
    assert gate.asked[0][3] == pytest.approx(0.01, rel=0.1)  # half of the line's step: 3 % would have let it pass
    assert (told["good"], told["bad"]) == (commits[3], commits[10])
    assert "--threads 2" in told["command"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"good": ""}, "nothing to begin with"),
        ({"good": "nowhere"}, "no revision 'nowhere'"),
        ({"good": "", "history": "history", "bad": "HEAD"}, "--bad alone: give --good too"),
        (
            {"good": "", "history": "history", "machine": "abacus"},
            "0 lines that may be meant; say --machine, one of ci@",
        ),
        ({"good": "HEAD"}, "are one commit"),
        ({"case": "suite.time_it(3)"}, "cannot be measured at a commit"),
        ({"good": "", "history": "history"}, "has no step to slower"),
        ({"good": "", "history": "history", "case": CASE + "x"}, "no case"),
    ],
)
def test_what_cannot_be_bisected_is_refused_in_a_line(
    asked: dict[str, Any], said: str, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "history" in asked:
        asked = asked | {"history": history(tmp_path / "history", line([1.0] * 12, case=CASE))}
    with pytest.raises(UsageError, match=said):
        bisected(ScriptedGate(), repository, tmp_path, monkeypatch, **asked)


def test_a_slowdown_of_which_the_repository_has_no_commit_cannot_be_measured_again(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = history(tmp_path / "history", line([1.0, 1.001] * 4 + [1.5, 1.501] * 4, case=CASE))
    (kept / "another.parquet").write_text("no Parquet")
    with pytest.raises(UsageError, match=r"the newest slowdown of .* cannot be measured again: none of the commits"):
        bisected(ScriptedGate(), repository, tmp_path, monkeypatch, good="", history=kept)
    assert "another.parquet: damaged or half-written" in capsys.readouterr().err


def test_as_markdown_it_is_what_the_summary_is_and_a_full_disk_is_told(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bisected(ScriptedGate(), repository, tmp_path, monkeypatch, markdown=True)
    (summary,) = (tmp_path / "results" / "bisect").glob("*/summary.md")
    assert capsys.readouterr().out == summary.read_text()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bisecting, "write_whole", full)
    with pytest.raises(MachineError, match=r"the result cannot be written below .*: No space left on device"):
        bisected(ScriptedGate(), repository, tmp_path, monkeypatch)


def test_worktrees_that_a_killed_run_left_are_gone_afterwards(
    repository: Path, commits: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opbench.gate.source.worktrees import repository_folder

    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    left = repository_folder(repository) / "head" / "tree"
    git(repository, "worktree", "add", "-q", "--detach", str(left), commits[3])
    bisected(ScriptedGate(), repository, tmp_path, monkeypatch)
    assert registered(repository) == [str(repository)]
    assert not left.exists()
