"""What is said to be missing: which shards of which plan, which of their cases, or why these cannot be named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.merging.missing import NAMED, Missing, missing
from opbench.planning.plan_file import Part
from opbench.planning.shard import Shard

from .shard_runs import CASES, REQUEST


@pytest.fixture(scope="module")
def thirds() -> list[Part]:
    shards = [Shard(number, 3) for number in (1, 2, 3)]
    return [Part.of(REQUEST, shard, REQUEST.share(shard)) for shard in shards]


@pytest.fixture(scope="module")
def whole() -> Part:
    return Part.of(REQUEST, Shard(), REQUEST.share(Shard()))


def keys(part: Part) -> list[str]:
    return [case.key for task in REQUEST.share(part.shard).tasks for case in task.cases]


def test_nothing_is_missing_where_every_shard_is_complete(thirds: list[Part]) -> None:
    assert missing(thirds, thirds, ()) == []
    assert missing([], [], ()) == []


def test_each_shard_that_is_not_complete_is_told_with_the_cases_that_no_run_has(thirds: list[Part]) -> None:
    first, second, third = thirds
    own = keys(second)
    assert missing([third, first], [first, third], own[:1]) == [Missing(second_unknown(second), False, tuple(own[1:]))]
    assert missing(thirds, [first, third], own[1:]) == [Missing(second, True, (own[0],))]


def second_unknown(part: Part) -> Part:
    """As it is known from others of its cut: how many cases it has stands in its own run alone."""
    return replace(part, cases=0)


def test_a_shard_whose_cases_other_runs_have_lacks_nothing_if_its_own_run_is_there(thirds: list[Part]) -> None:
    first, second, third = thirds
    assert missing(thirds, [first, third], keys(second)) == []
    (absent,) = missing([first, third], [first, third], keys(second))
    assert (absent.present, absent.keys, absent.why) == (False, (), "")


def test_a_run_of_the_whole_is_a_plan_of_one_shard(whole: Part) -> None:
    everything = keys(whole)
    assert len(everything) == whole.cases == CASES
    assert missing([whole], [], everything) == []
    (lacking,) = missing([whole], [], everything[1:])
    assert str(lacking) == f"a run of channels is not complete: 1 case, {everything[0]}"


def test_plans_are_told_apart_and_each_lacks_its_own(thirds: list[Part], whole: Part) -> None:
    told = missing([thirds[0], whole], [thirds[0]], ())
    assert [(str(one.part.shard), one.present) for one in told] == [("2/3", False), ("3/3", False), ("1/1", True)]


@pytest.mark.parametrize("changed", ["plan", "cut"])
def test_cases_of_a_plan_that_is_made_otherwise_here_are_not_named(changed: str, thirds: list[Part]) -> None:
    none = "0" * 16
    other = replace(thirds[1], plan=none) if changed == "plan" else replace(thirds[1], cut=none)
    (told,) = missing([other], [replace(other, shard=Shard(1, 3)), replace(other, shard=Shard(3, 3))], ())[1:2]
    assert told == Missing(other, True, (), "where opbench plans the sweep otherwise than where it was measured")
    assert str(told) == (
        "shard 2/3 of channels is not complete: its cases cannot be named here, "
        "where opbench plans the sweep otherwise than where it was measured"
    )


def test_a_sweep_that_is_not_there_says_so(thirds: list[Part]) -> None:
    other = replace(thirds[0], request=replace(REQUEST, sweep="another"), shard=Shard(1, 2))
    told = missing([other], [other], ())
    assert [(one.part.shard, one.present, one.keys) for one in told] == [(Shard(2, 2), False, ())]
    assert str(told[0]).startswith(
        "shard 2/2 of another is missing: its cases cannot be named here, no sweep 'another'"
    )


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "1 case, k0"), (2, "2 cases, k0, k1"), (3, "3 cases, k0, k1, k2"), (5, "5 cases, k0, k1, k2 and 2 more")],
)
def test_the_first_cases_are_named_and_the_rest_counted(count: int, said: str, thirds: list[Part]) -> None:
    assert NAMED == 3
    told = Missing(thirds[1], False, tuple(f"k{number}" for number in range(count)))
    assert str(told) == f"shard 2/3 of channels is missing: {said}"
