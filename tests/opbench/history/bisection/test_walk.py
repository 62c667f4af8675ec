"""git's walk with marks from elsewhere: on lines and on real graphs, with commits that nobody can judge."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opbench.errors import UsageError
from opbench.history.bisection.graph import Graph
from opbench.history.bisection.walk import Mark, most_marks, walk
from tests.repositories import commit, git, isolated_git


@pytest.fixture(scope="module", autouse=True)
def isolated() -> Iterator[None]:
    with isolated_git():
        yield


@dataclass
class Line:
    """Commits 0, 1, ... made from each other; asked as git orders them, the one that halves best first."""

    asked: list[str] = field(default_factory=list)

    def halving(self, bad: str, goods: Collection[str]) -> list[str]:
        first = max(map(int, goods)) + 1
        left = range(first, int(bad))
        return [str(one) for one in sorted(left, key=lambda one: abs(2 * one - first - int(bad) + 1))]


def marked(line: Line, first_bad: int, skipped: Collection[int], count: int) -> tuple[str, tuple[str, ...]]:
    def mark(asked: str) -> Mark:
        assert asked not in line.asked
        line.asked.append(asked)
        if int(asked) in skipped:
            return Mark.SKIP
        return Mark.BAD if int(asked) >= first_bad else Mark.GOOD

    found = walk(line, "0", str(count), mark)
    return found.first_bad, found.or_one_of


@given(st.integers(1, 67).flatmap(lambda count: st.tuples(st.just(count), st.integers(1, count))))
def test_the_first_bad_one_of_a_line_is_found_within_the_marks_told(one: tuple[int, int]) -> None:
    count, first_bad = one
    line = Line()
    assert marked(line, first_bad, (), count) == (str(first_bad), ())
    assert len(line.asked) <= most_marks(count)


@given(
    st.integers(2, 31).flatmap(
        lambda count: st.tuples(st.just(count), st.integers(1, count), st.sets(st.integers(1, count - 1)))
    )
)
def test_skipped_commits_hide_it_only_where_they_stand_before_it_and_are_then_named(
    one: tuple[int, int, set[int]],
) -> None:
    count, first_bad, skipped = one
    found, others = marked(Line(), first_bad, skipped, count)
    judged = [commit for commit in range(1, count + 1) if commit not in skipped or commit == count]
    first_judged = min(commit for commit in judged if commit >= first_bad)
    last_good = max([0, *(commit for commit in judged if commit < first_bad)])
    assert found == str(first_judged)
    assert sorted(map(int, others)) == list(range(last_good + 1, first_judged))
    assert set(map(int, others)) <= skipped


def merged(folder: Path) -> dict[str, str]:
    """base, then two branches of two and three commits, and their merge."""
    git(folder, "init", "-q")
    made = {"base": commit(folder, "a", "base")}
    git(folder, "checkout", "-q", "-b", "side")
    made |= {name: commit(folder, "b", name) for name in ("side 1", "side 2", "side 3")}
    git(folder, "checkout", "-q", "main")
    made |= {name: commit(folder, "a", name) for name in ("main 1", "main 2")}
    git(folder, "merge", "-q", "--no-edit", "side")
    return made | {"merge": git(folder, "rev-parse", "HEAD")}


def test_git_halves_a_graph_and_first_parents_leave_what_was_merged_out(tmp_path: Path) -> None:
    made = merged(tmp_path)
    graph = Graph(tmp_path)
    assert graph.count(made["base"], made["merge"]) == 6
    left = graph.halving(made["merge"], [made["base"]])
    assert set(left) == set(made.values()) - {made["base"], made["merge"]}
    assert left[0] == made["side 3"]
    assert set(graph.halving(made["merge"], [made["base"], made["side 3"]])) == {made["main 1"], made["main 2"]}
    assert set(Graph(tmp_path, first_parent=True).halving(made["merge"], [made["base"]])) == {
        made["main 1"],
        made["main 2"],
    }
    assert graph.parent(made["merge"]) == made["main 2"]
    assert graph.subject(made["side 1"]) == "b"
    for culprit in ("side 2", "main 1", "merge"):
        slow = {made["merge"], made[culprit], *({made["side 3"]} if culprit == "side 2" else ())}
        slow |= {made["main 2"]} if culprit == "main 1" else set()
        marks = {one: Mark.BAD if one in slow else Mark.GOOD for one in made.values()}
        found = walk(graph, made["base"], made["merge"], marks.__getitem__)
        assert (found.first_bad, found.or_one_of) == (made[culprit], ())


def test_ends_that_are_one_commit_or_not_made_from_each_other_are_refused(tmp_path: Path) -> None:
    made = merged(tmp_path)
    graph = Graph(tmp_path)
    graph.require_between(made["base"], made["side 1"])
    with pytest.raises(UsageError, match="are one commit"):
        graph.require_between(made["base"], made["base"])
    for good, bad in (("merge", "base"), ("side 1", "main 2")):
        with pytest.raises(UsageError, match="was not made from"):
            graph.require_between(made[good], made[bad])
