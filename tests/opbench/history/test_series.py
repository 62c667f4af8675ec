"""Points are medians over processes, in the order of commits, apart by machine and by environment."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from opbench.errors import UsageError
from opbench.history import aliases
from opbench.history.aliases import Aliases
from opbench.history.commits import Commits
from opbench.history.series import Series, series_of

from .builders import BEGIN, ROW, at_commit, commit, facts, line, table_of


def only(*args: object) -> Series:
    (series,) = series_of(*args)  # type: ignore[arg-type]
    return series


def names(series: Series) -> list[str]:
    return [series.shared.commits[place] for place in series.commit]


def test_a_point_is_the_median_of_its_processes_and_its_band_their_ends() -> None:
    rows = [at_commit(1, value, process=number) for number, value in enumerate((5.0, 1.0, 3.0))]
    rows += [at_commit(2, value, process=number) for number, value in enumerate((2.0, 4.0))]
    series = only(table_of([rows[4], rows[0], rows[3], rows[2], rows[1]]))
    assert names(series) == [commit(1), commit(2)]
    assert series.median_s.tolist() == [3.0, 3.0]
    assert series.low_s.tolist() == [1.0, 2.0]
    assert series.high_s.tolist() == [5.0, 4.0]
    assert series.processes.tolist() == [3, 2]
    of_three, of_two = (np.var(np.log(one), ddof=1) for one in ([5.0, 1.0, 3.0], [2.0, 4.0]))
    assert series.noise == pytest.approx((2 * of_three + of_two) / 3 * (1 / 3 + 1 / 2) / 2)


def test_one_process_a_commit_tells_nothing_of_noise() -> None:
    assert only(table_of(line([1.0, 2.0, 3.0]))).noise == 0.0


def test_contended_processes_count_only_where_there_is_no_other() -> None:
    rows = [at_commit(1, 1.0), at_commit(1, 9.0, process=1, contended=True), at_commit(2, 7.0, contended=True)]
    series = only(table_of(rows))
    assert series.median_s.tolist() == [1.0, 7.0]
    assert series.contended.tolist() == [False, True]


def test_cases_and_machines_are_series_of_their_own() -> None:
    rows = [*line([1.0, 2.0]), *line([3.0], machine="b@000000"), *line([4.0, 5.0, 6.0], case="another")]
    found = {(one.case, one.machine): one.median_s.tolist() for one in series_of(table_of(rows))}
    other = {("another", ROW.machine): [4.0, 5.0, 6.0], (ROW.case, "b@000000"): [3.0]}
    assert found == {(ROW.case, ROW.machine): [1.0, 2.0], **other}


def test_a_commit_in_two_environments_is_two_points_the_earlier_first() -> None:
    new, old = facts(torch="2.13.0"), facts(torch="2.12.0")
    later = BEGIN + timedelta(hours=1)
    rows = [at_commit(1, 2.0, started=later, **new), at_commit(1, 1.0, started=BEGIN, **old), at_commit(2, 3.0, **new)]
    series = only(table_of(rows))
    assert series.median_s.tolist() == [1.0, 2.0, 3.0]
    assert series.environment_changes() == [(1, ["versions.torch 2.12.0 to 2.13.0"])]


def test_without_a_repository_commits_follow_their_time_and_else_when_they_were_measured() -> None:
    rows = [
        at_commit(1, 1.0, commit_time=BEGIN + timedelta(days=9)),
        at_commit(2, 2.0, commit_time=BEGIN + timedelta(days=3)),
        at_commit(3, 3.0, started=BEGIN + timedelta(days=5)),
    ]
    assert names(only(table_of(rows))) == [commit(2), commit(3), commit(1)]


def test_a_row_without_a_time_moves_its_commit_nowhere_and_a_commit_without_any_comes_last() -> None:
    rows = [*line([1.0, 2.0, 3.0]), at_commit(1, 2.0, process=1, started=None), at_commit(7, 4.0, started=None)]
    rows.append(at_commit(0, 9.0, started=None, **facts(torch="3")))
    series = only(table_of(rows))
    assert series.median_s.tolist() == [1.0, 9.0, 2.0, 3.0, 4.0]
    assert np.isnan(series.shared.times_s).tolist() == [False, False, False, True]


def test_the_graph_overrules_clocks_that_jump_and_commits_rebased_away_are_marked() -> None:
    day = BEGIN.timestamp()
    graph = Commits({commit(one): commit(one) for one in (3, 1, 2)}, (day, day + 200, day - 500))
    rows = [at_commit(one, float(one), commit_time=BEGIN - timedelta(days=one)) for one in (1, 2, 3)]
    gone = at_commit(9, 9.0, commit_time=BEGIN + timedelta(seconds=100))
    series = only(table_of([*rows, gone]), graph)
    assert names(series) == [commit(3), commit(9), commit(1), commit(2)]
    known = series.shared.known[series.commit]
    assert known.tolist() == [True, False, True, True]


def test_what_is_older_than_the_first_commit_stands_before_it_whatever_a_later_clock_said() -> None:
    day = BEGIN.timestamp()
    graph = Commits({commit(one): commit(one) for one in (1, 2, 3)}, (day, day - 500, day + 200))
    rows = [at_commit(one, 1.0) for one in (1, 2, 3)]
    rows.append(at_commit(9, 1.0, commit_time=BEGIN - timedelta(seconds=100)))
    assert names(only(table_of(rows), graph)) == [commit(9), commit(1), commit(2), commit(3)]


def test_changed_checkouts_are_apart_and_longer_names_of_a_commit_are_one() -> None:
    rows = [at_commit(1, 1.0), at_commit(1, 3.0, process=1, commit=commit(1) + "f" * 28), at_commit(1, 5.0, dirty=True)]
    series = only(table_of(rows))
    assert names(series) == [commit(1), f"{commit(1)}+dirty"]
    assert series.median_s.tolist() == [2.0, 5.0]


def test_a_renamed_case_goes_on_only_where_that_is_declared(tmp_path: Path) -> None:
    rows = [at_commit(1, 1.0, case="old"), at_commit(2, 2.0, case="new")]
    assert len(list(series_of(table_of(rows)))) == 2
    (tmp_path / aliases.FILE).write_text('[cases]\n"older" = "old"\n"old" = "new"\n')
    declared = aliases.read(tmp_path)
    assert declared == Aliases({"older": "new", "old": "new"})
    series = only(table_of(rows), None, declared)
    assert (series.case, series.median_s.tolist()) == ("new", [1.0, 2.0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[cases", "cannot be read as TOML"),
        ("a = " + "[" * 100_000, "cannot be read as TOML"),
        ("[case]\n", "has a table 'case'"),
        ('[cases]\n"a" = 1\n', 'expected lines such as "old name" = "new name"'),
        ('[cases]\n"a" = "b"\n"b" = "a"\n', "a -> b -> a leads in a circle"),
    ],
)
def test_aliases_that_say_nothing_are_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / aliases.FILE).write_text(text)
    with pytest.raises(UsageError, match=r"aliases\.toml") as refused:
        aliases.read(tmp_path)
    assert said in str(refused.value)


def test_no_rows_are_no_series() -> None:
    assert list(series_of(table_of([]))) == []


def test_points_that_were_all_contended_make_no_step() -> None:
    values = [1.0 + 0.002 * math.sin(7 * at) + 0.1 * (at >= 13) for at in range(29)]
    rows = [replace(row, contended=at >= 13) for at, row in enumerate(line(values))]
    assert only(table_of(rows)).steps == []


def test_a_line_steps_where_its_values_do_whatever_was_contended() -> None:
    values = [1.0 + 0.002 * math.sin(7 * at) + 0.1 * (at >= 13) for at in range(29)]
    rows = line(values)
    rows[5] = replace(rows[5], median_s=9.0, contended=True)
    (step,) = only(table_of(rows)).steps
    assert step.at == 13
    assert step.ratio.low < 1.1 < step.ratio.high
