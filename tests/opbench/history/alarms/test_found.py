"""Which steps become alarms, and what the history alone puts them down to."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from opbench.errors import UsageError
from opbench.history.alarms.alarm import Alarm, Kind
from opbench.history.alarms.ends import MARGIN
from opbench.history.alarms.found import Looking, alarms
from opbench.history.alarms.recent import first_of
from opbench.history.aliases import Aliases
from opbench.history.commits import Commits
from opbench.history.confirming.question import Measuring, tolerance_for
from opbench.history.row import HistoryRow
from opbench.history.series import series_of

from ..builders import BEGIN, at_commit, commit, facts, line, table_of

COUNT, AT = 31, 17
STEM = "rowsum/float32/cpu/forward/wall/batch=1"
OURS, EAGER = f"{STEM}/ours", f"{STEM}/eager"


def values(ratio: float = 1.1, at: int = AT, noise: float = 0.004) -> list[float]:
    steady = 1 + noise * np.sin(7.3 * np.arange(COUNT) ** 1.1)
    steady[at:] *= ratio
    return [float(one) for one in steady]


def found(rows: Sequence[HistoryRow], newest: int = COUNT, since: str = "", **looking: Any) -> list[Alarm]:
    every = list(series_of(table_of(rows), looking.get("commits"), looking.pop("aliases", None)))
    return alarms(every, Looking(first_of(every[0].shared, newest, since), **looking))


def known(without: Sequence[int] = ()) -> Commits:
    """A repository with all commits but some, a day apart."""
    numbers = [number for number in range(COUNT) if number not in without]
    times = ((BEGIN + timedelta(days=number)).timestamp() for number in numbers)
    return Commits({commit(one): commit(one) + "f" * 28 for one in numbers}, tuple(times))


def test_only_steps_that_may_lie_among_the_newest_commits_are_news() -> None:
    noise = np.exp(np.random.default_rng(1).normal(0, 0.03, COUNT))  # a step whose place is not quite sure
    rows = line([float(one) for one in np.array(values(1.06, noise=0)) * noise], case=OURS)
    (one,) = found(rows)
    first, last = (int(commit, 16) for commit in one.commits[1:])
    assert first < last
    assert found(rows, newest=COUNT - last) != []
    assert found(rows, newest=COUNT - last - 1) == []
    assert found(rows, since=commit(last - 1)) != []
    assert found(rows, since=commit(last)) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"newest": 0}, "--newest is 0"),
        ({"since": "HEAD~3"}, "digits of a commit"),
        ({"since": "fedc"}, "no commit of the history; the newest are 00000000001e"),
        ({"since": "0000"}, "31 commits of the history begin so"),
        ({"baseline": "cudnn"}, "no baseline 'cudnn'.*there are: ours"),
    ],
)
def test_what_is_not_there_is_refused_in_a_line(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        found(line(values(), case=OURS), **asked)


def test_nothing_is_put_down_to_the_code_by_a_line_alone() -> None:
    old, new = facts(torch="2.12.0"), facts(torch="2.13.0")
    upgraded = [replace(row, **(old if at < AT else new)) for at, row in enumerate(line(values(), case=OURS))]
    assert [one.kind for one in found(line(values(), case=OURS))] == [Kind.UNCONFIRMED]
    assert [one.kind for one in found(upgraded)] == [Kind.ENVIRONMENT]
    rows = [*line(values(), case=OURS), *line(values(), case="control", operator="write")]
    assert {one.case: one.kind for one in found(rows, controls=("write",))}[OURS] is Kind.HARDWARE


def test_a_ratio_that_moved_because_its_baseline_did_is_no_news_of_the_case() -> None:
    """The kernel by +0.7 %, what it is compared with by -26 %."""
    rows = [*line(values(1.007, noise=0.02), case=OURS), *line(values(0.74), case=EAGER)]
    told = {(one.case, one.beside): one for one in found(rows, baseline="eager")}
    assert set(told) == {(OURS, EAGER), (EAGER, "")}
    of_ratio = told[OURS, EAGER]
    assert of_ratio.kind is Kind.BASELINE
    assert of_ratio.step.ratio.mid == pytest.approx(1.007 / 0.74, rel=0.02)
    moved_by, itself = (float(word) for word in of_ratio.evidence[0].replace("%", "").split() if word[0] in "+-")
    assert moved_by == pytest.approx(-26, abs=0.5)
    assert abs(itself) < 3
    assert told[EAGER, ""].kind is Kind.UNCONFIRMED
    for case in (OURS, EAGER):
        assert f"--case {case}" in of_ratio.command


@pytest.mark.parametrize(
    ("own", "baseline", "whose"), [(1.05, 0.85, "baseline"), (1.15, 0.9, "case"), (1.0, 0.8, "baseline")]
)
def test_a_ratios_step_is_the_cases_own_where_it_made_half_of_it(own: float, baseline: float, whose: str) -> None:
    rows = [*line(values(own), case=OURS), *line(values(baseline), case=EAGER)]
    told = [one.kind for one in found(rows, baseline="eager") if one.beside]
    assert told == ([Kind.BASELINE] if whose == "baseline" else []), "the alarm of the case's own line says it"


def test_thirty_commits_are_looked_at_where_nobody_says_how_many() -> None:
    for count, first in ((41, 11), (31, 1), (30, 0), (7, 0)):
        (series,) = series_of(table_of(line([1.0] * count)))
        assert first_of(series.shared) == first


@pytest.mark.parametrize(("ratio", "moved"), [(0.75, "-25.0 %"), (1.25, "+25.0 %")])
def test_a_baseline_that_came_with_an_environment_says_so(ratio: float, moved: str) -> None:
    old, new = facts(torch="2.12.0"), facts(torch="2.13.0")
    rows = [*line(values(1.0, noise=0), case=OURS), *line(values(ratio, noise=0), case=EAGER)]
    rows = [replace(row, **(old if row.commit < commit(AT) else new)) for row in rows]
    (of_ratio,) = [one for one in found(rows, baseline="eager") if one.beside]
    assert of_ratio.kind is Kind.BASELINE
    assert of_ratio.commits == (commit(AT - 1), commit(AT), commit(AT))
    assert of_ratio.evidence[0] == f"{EAGER} moved by {moved} there, the case itself by +0.0 %"
    assert of_ratio.evidence[1] == "the environment changed there: versions.torch 2.12.0 to 2.13.0"


def test_a_case_that_moved_itself_has_one_alarm_whatever_it_is_compared_with() -> None:
    rows = [*line(values(1.1), case=OURS), *line(values(1.0), case=EAGER)]
    assert [(one.case, one.beside) for one in found(rows, baseline="eager")] == [(OURS, "")]


def test_a_step_that_common_noise_hides_is_seen_beside_the_baseline_and_stays_unconfirmed() -> None:
    noise = np.random.default_rng(5).normal(0, 0.05, COUNT)
    case, baseline = (np.array(values(ratio)) * np.exp(noise) for ratio in (1.05, 1.0))
    rows = [*line(list(map(float, case)), case=OURS), *line(list(map(float, baseline)), case=EAGER)]
    (one,) = found(rows, baseline="eager")
    assert (one.case, one.beside, one.kind) == (OURS, EAGER, Kind.UNCONFIRMED)
    assert "seen only beside" in one.evidence[0]


def test_a_test_is_compared_with_the_one_that_has_the_baseline_in_its_place_alone() -> None:
    names = [f"bench/test_it.py::test_{test}[{word}-7]" for test in ("it", "other") for word in ("ours", "eager")]
    rows = [
        row for name, ratio in zip(names, (1.0, 0.8, 1.0, 1.0), strict=True) for row in line(values(ratio), case=name)
    ]
    told = [(one.case, one.beside) for one in found(rows, baseline="eager") if one.beside]
    assert told == [(names[0], names[1])]


def test_a_renamed_case_goes_on_only_where_that_is_declared() -> None:
    rows = [replace(row, case="old" if at < AT else OURS) for at, row in enumerate(line(values()))]
    assert found(rows) == []
    assert [one.case for one in found(rows, aliases=Aliases(cases={"old": OURS}))] == [OURS]


def test_the_command_names_the_ends_in_full_with_the_threads_and_half_of_the_step() -> None:
    on_two = {"facts": '{"device": "cpu", "threads": 2}', "environment": "e" * 12}
    (one,) = found(line(values(1.05), case=OURS, **on_two), commits=known())
    ends = f"--base {one.old} --head {one.new}"
    tolerance = f"{100 * tolerance_for(one.step.ratio.mid):.3g}%"
    assert one.command == f"opbench gate {ends} --case {OURS} --tolerance {tolerance} --threads 2"
    test = "tests/bench/test_it.py::test_it[a b]"
    (one,) = found(line(values(), case=test), commits=known(), measuring=Measuring(tolerance=0.02, install="-e ."))
    assert one.command.startswith(f"opbench gate '{test}' --base ")
    assert one.command.endswith("--tolerance 2% --install '-e .'")


def ends(rows: Sequence[HistoryRow], without: Sequence[int] = ()) -> tuple[int, int]:
    """The numbers of the commits that are measured."""
    (one,) = found(rows, commits=known(without))
    return int(one.old[:12], 16), int(one.new[:12], 16)


def of_environments(old: dict[str, Any], new: dict[str, Any], case: str = OURS) -> Alarm:
    """A step at which one environment gave way to the other."""
    rows = line(values(), case=case)
    (one,) = found(
        [
            replace(row, facts=json.dumps(told), environment=name * 12)
            for number, row in enumerate(rows)
            for told, name in [(old, "a") if number < AT else (new, "b")]
        ],
        commits=known(),
    )
    assert one.kind is Kind.ENVIRONMENT
    return one


def test_a_changed_environment_is_shown_by_measuring_both_where_pip_can_make_them() -> None:
    case = "attend/bfloat16/cpu/forward/wall/head_width=64,causal=True/ours:flat"
    old = {"versions.torch": "2.12.0+cpu", "versions.numpy": "2.4.0", "threads": 2}
    one = of_environments(old, old | {"versions.torch": "2.13.0+cpu"}, case)
    assert shlex.split(one.command) == [
        *("opbench", "compare", "attend", "--head-width", "64", "--causal", "true", "--backend", "ours:flat"),
        *("--dtype", "bfloat16", "--mode", "forward", "--device", "cpu", "--threads", "2"),
        *("--with", "numpy==2.4.0 torch==2.12.0", "--with", "numpy==2.4.0 torch==2.13.0"),
    ]
    assert one.in_both
    assert (one.old, one.new) != ("", "")


@pytest.mark.parametrize(
    ("old", "new", "case"),
    [
        ({"os": "Linux-6.1"}, {"os": "Linux-6.2"}, OURS),
        ({"versions.torch": "2.12.0", "os": "a"}, {"versions.torch": "2.13.0", "os": "b"}, OURS),
        ({"versions.torch": "2.12.0"}, {"versions.torch": "2.13.0"}, f"{OURS}#2"),
        ({"versions.torch": "2.12.0"}, {"versions.torch": "2.13.0"}, OURS.replace("wall", "wall:led")),
        ({"versions.torch": "2.12.0"}, {"versions.torch": "2.13.0"}, "tests/bench/test_it.py::test_it"),
    ],
)
def test_else_the_code_is_measured_and_the_alarm_says_so(old: dict[str, Any], new: dict[str, Any], case: str) -> None:
    one = of_environments(old, new, case)
    assert not one.in_both
    assert one.command.startswith("opbench gate ")
    assert "the command measures old and new code" in one.caveat


def test_commits_are_measured_that_lie_some_points_beyond_where_the_step_may_lie() -> None:
    rows = line(values(), case=OURS)
    (whole,) = found(rows, commits=known())
    before, last = (int(whole.commits[place], 16) for place in (0, 2))
    assert ends(rows) == (before - MARGIN, last + MARGIN)
    stairs = [one * 1.3 ** (at >= AT + 6) for at, one in enumerate(values(1.3))]
    first, second = reversed(found(line(stairs, case=OURS), commits=known()))
    assert int(first.new[:12], 16) <= int(second.commits[0], 16) <= AT + 5
    assert int(second.old[:12], 16) >= AT


def test_commits_that_were_rebased_away_give_way_to_their_neighbours_or_the_reason_is_told() -> None:
    rows = line(values(), case=OURS)
    old, new = ends(rows)
    assert ends(rows, without=(old, new)) == (old - 1, new + 1)
    assert ends(rows, without=[*range(old + 1), *range(new, COUNT)]) == (old + 1, new - 1)
    for gone, said in (
        (range(new - MARGIN, COUNT), "commits after it"),
        (range(old + MARGIN + 1), "commits before it"),
    ):
        (one,) = found(rows, commits=known(without=list(gone)))
        assert (one.old, one.command) == ("", "")
        assert said in one.not_measured
    dirty = [replace(row, dirty=row.commit == commit(old)) for row in rows]
    assert ends(dirty) == (old - 1, new)


def test_a_commit_from_which_the_slow_one_was_not_made_is_no_base() -> None:
    rows = line(values(), case=OURS)
    (one,) = found(rows, commits=known(), ancestor=lambda old, _: int(old[:12], 16) < 9)
    assert int(one.old[:12], 16) == 8
    (one,) = found(rows, commits=known(), ancestor=lambda *_: False)
    assert "was not made from any of the commits before it" in one.not_measured


def test_what_nothing_here_can_run_says_so() -> None:
    (one,) = found(line(values(), case="suite.Suite.time_it(3)"))
    assert one.command == ""
    assert "nothing here can run it" in one.not_measured


def test_the_newest_come_first() -> None:
    rows = [*line(values(1.2, AT - 5), case=EAGER), *line(values(1.2), case=OURS), at_commit(0, 1.0, case="short")]
    assert [one.case for one in found(rows)] == [OURS, EAGER]
