"""`opbench compare NAME --python A --python B`: what is asked for, what is written, how it ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from opbench.commands.app import main
from opbench.commands.compare import environments
from opbench.commands.compare.environments import EnvironmentOptions, question, run
from opbench.environments.turns import Turns
from opbench.errors import UsageError
from opbench.gate.benchmark import Benchmark
from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.pool.dry_run import DryRun
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.samples import SIDES
from opbench.gate.stats.rule import Rule
from opbench.vocabulary.case import Case
from opbench.vocabulary.sweep import Narrowing

from ..gate.scripted_workers import ScriptedFactory, steady


def options(tmp_path: Path, **changed: Any) -> EnvironmentOptions:
    usual: dict[str, Any] = {
        "name": "fill",
        "by": Narrowing(axes={"kib": (3, 7)}, backends=("torch_eager",)),
        "pythons": (sys.executable, sys.executable),
        "installs": (),
        "device": "cpu",
        "threads": 1,
        "tolerance": "3%",
        "page": None,
        "results": tmp_path,
        "time_limit_s": 60.0,
        "wait": True,
        "as_json": False,
    }
    return EnvironmentOptions(**usual | changed)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the workers, which follow a script, were asked for; `ratio` is head's time over base's."""
    seen: dict[str, Any] = {"ratio": 1.0}

    def compare(turns: Turns, pythons: object, cases: Mapping[str, Case], _: object) -> LiveRun:
        seen["cases"], seen["rule"] = cases, turns.rule
        factory = ScriptedFactory(dict.fromkeys(cases, steady(seen["ratio"])))
        judgements = SequentialTest(factory.start, turns.rule).run(list(cases))
        versions = {"torch": "2.13.0"}
        runs = {side: DryRun([*map(Benchmark, cases)], environment={"versions": versions}) for side in SIDES}
        return LiveRun(judgements, [], runs, turns.rule)

    monkeypatch.setattr(Turns, "compare", compare)
    return seen


@pytest.mark.parametrize(("ratio", "code", "verdict"), [(1.0, 0, "no difference"), (1.5, 1, "slower")])
def test_both_are_measured_at_the_same_cases_and_all_of_it_is_kept(
    ratio: float, code: int, verdict: str, asked: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked["ratio"] = ratio
    page = tmp_path / "elsewhere.html"
    assert run(options(tmp_path, page=page)) == code
    assert list(asked["cases"]) == ["torch_eager kib=3", "torch_eager kib=7"]
    out = capsys.readouterr().out
    assert f"head against base: 2 {verdict}" in out
    assert f"base: {sys.executable} (Python" in out
    (folder,) = (tmp_path / "compare").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == [
        "base.json",
        "difference.html",
        "head.json",
        "summary.md",
        "workers.svg",
    ]
    text = page.read_text(encoding="utf-8")
    assert text == (folder / "difference.html").read_text(encoding="utf-8")
    assert verdict in text
    assert "at most 1 % of runs" in text
    assert "different times" not in text


def test_as_json_it_is_one_line_with_the_verdicts(
    asked: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(options(tmp_path, as_json=True, tolerance="10%")) == 0
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert asked["rule"] == Rule(tolerance=0.1)
    assert {row["verdict"] for row in told["rows"]} == {"no difference"}
    assert told["geometric_mean"]["mid"] == pytest.approx(1.0)
    assert told["exit_code"] == 0


@pytest.mark.parametrize("pythons", [(), ("one",), ("one", "two", "three")])
def test_environments_are_two(pythons: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"{len(pythons)} environments? named; expected two"):
        run(options(tmp_path, pythons=pythons))


def test_a_name_is_a_sweep_or_an_operator_and_nothing_else() -> None:
    assert len(question("channels").grids) > 0
    (grid,) = question("cross_hadamard").grids
    assert grid.operators == ("cross_hadamard",)
    with pytest.raises(UsageError, match=r"no sweep or operator 'cross_hadamar' \(did you mean 'cross_hadamard'"):
        question("cross_hadamar")


def test_nothing_is_asked_of_an_interpreter_for_a_name_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "interpreter", lambda _: pytest.fail("asked"))
    with pytest.raises(UsageError, match="no axis 'rows'"):
        run(options(tmp_path, by=Narrowing(axes={"rows": (3,)})))


@pytest.mark.parametrize(
    "words", [("--tolerance", "3%"), ("--channels", "16"), ("--backend=cpp_ext",), ("--threads", "2")]
)
def test_options_of_measuring_are_refused_where_runs_are_compared(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["opbench", "compare", "channels", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words[0].partition("=")[0] in line
    assert "goes with two environments" in line
