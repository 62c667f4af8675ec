"""Why nothing is measured: the request is wrong and says what there is, or the code cannot be vouched for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from opbench.errors import MachineError, OpbenchError, UsageError
from opbench.gate.benchmark import Benchmark
from opbench.gate.pool.collection_check import require_collected
from opbench.gate.pool.dry_run import DryRun

IDS = [f"bench/test_it.py::test_{name}" for name in ("adding[1]", "adding[2]", "product", "median", "sorting", "fft")]


def refused(kind: type[OpbenchError], **fields: Any) -> str:
    with pytest.raises(kind) as error:
        require_collected("head", DryRun(**fields))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_has_benchmarks_is_let_through() -> None:
    require_collected("head", DryRun(benchmarks=[Benchmark(IDS[0])], deselected=IDS[1:], filters={"-k": "adding"}))


def test_code_that_cannot_be_collected_cannot_be_vouched_for() -> None:
    message = refused(MachineError, problems=["test_it.py: ModuleNotFoundError: No module named 'nowhere'", "another"])
    assert message.startswith("head cannot be collected: test_it.py: ModuleNotFoundError: No module named 'nowhere'")
    assert "the first of 2 problems" in message


def test_paths_that_are_not_there_are_wrong_usage() -> None:
    assert "elsewhere" in refused(UsageError, problems=["no such file: elsewhere"], usage_error=True)


def test_without_any_benchmark_the_paths_are_named() -> None:
    assert "in the paths given" in refused(UsageError)


@pytest.mark.parametrize("option", ["-k", "-m"])
def test_a_filter_that_matches_nothing_is_named_with_what_there_is(option: str) -> None:
    message = refused(UsageError, deselected=IDS, filters={option: "xyz"})
    assert re.search(rf"none of head's 6 benchmarks .* matches {option} 'xyz'", message)
    assert message.endswith(
        "there are: test_adding[1], test_adding[2], test_product, test_median, test_sorting and 1 more"
    )


@pytest.mark.parametrize("keyword", ["addding", "test_addding", "slow or addding"])
def test_of_what_it_may_have_meant_the_nearest_are_named(keyword: str) -> None:
    message = refused(UsageError, deselected=IDS, filters={"-k": keyword})
    assert message.endswith("; nearest: test_adding[1], test_adding[2] and 4 more")


def test_both_filters_are_named() -> None:
    message = refused(UsageError, deselected=IDS[:1], filters={"-k": "adding", "-m": "slow"})
    assert "matches -k 'adding' and -m 'slow'" in message
