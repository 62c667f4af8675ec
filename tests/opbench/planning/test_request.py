"""What was asked makes the same plan again, wherever it is asked."""

from __future__ import annotations

import pytest

from opbench import catalog
from opbench.errors import UsageError
from opbench.planning.request import Request, with_threads
from opbench.planning.shard import Shard
from opbench.vocabulary.sweep import Narrowing

BY = Narrowing(axes={"channels": (3, 5), "edge": (5,), "batch": (1, 2)}, operators=("cross_hadamard",))
REQUEST = Request("channels", "cpu", "wall", 0.1, by=BY)


def keys(request: Request, shard: Shard) -> set[str]:
    return {task.point.key for task in request.share(shard).tasks}


def test_the_shards_of_a_request_are_all_of_it() -> None:
    whole = keys(REQUEST, Shard())
    assert len(whole) == 4
    parts = [keys(REQUEST, Shard(number, 3)) for number in (1, 2, 3)]
    assert set().union(*parts) == whole
    assert sum(map(len, parts)) == len(whole)


def test_a_share_counts_its_cases_and_says_which_cut_it_is_of() -> None:
    whole, first, second = (REQUEST.share(shard) for shard in (Shard(), Shard(1, 2), Shard(2, 2)))
    assert whole.cases == first.cases + second.cases == whole.plan.cases
    assert whole.cut == ""
    assert first.cut == second.cut != ""
    assert {whole.digest, first.digest, second.digest} == {whole.digest}


def test_a_file_of_operators_is_kept_under_its_own_name() -> None:
    assert Request("a/my_ops.py:rmsnorm", "cpu", "wall", 0.1).name == "my_ops"
    with pytest.raises(UsageError, match=r"my_ops\.py"):
        Request("a/my_ops.py:rmsnorm", "cpu", "wall", 0.1).plan()


def test_threads_are_an_axis_where_there_is_one() -> None:
    channels, models = catalog.sweep("channels"), catalog.sweep("models")
    assert with_threads(channels, "channels", BY, (2,)) == (BY, 2)
    assert with_threads(models, "models", BY, (0,)) == (BY, 0)
    by, threads = with_threads(models, "models", Narrowing(), (1, 2))
    assert (by.axes, threads) == ({"threads": (1, 2)}, 0)
    with pytest.raises(UsageError, match="no axis of threads"):
        with_threads(channels, "channels", BY, (1, 2))
