"""Why nothing is measured: the request is wrong and says what there is, or the code cannot be vouched for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from opbench.errors import MachineError, OpbenchError, UsageError
from opbench.gate.listing import Found
from opbench.gate.refusing import require_collected
from opbench.gate.scouting import Scouted

IDS = [f"bench/test_it.py::test_{name}" for name in ("adding[1]", "adding[2]", "product", "median", "sorting", "fft")]


def scouted(**fields: Any) -> Scouted:
    nothing: dict[str, Any] = {"found": [], "broken": {}, "problems": [], "strays": []}
    return Scouted(**nothing | fields, memory_bytes=0, environment={})


def refused(kind: type[OpbenchError], **fields: Any) -> str:
    with pytest.raises(kind) as error:
        require_collected("head", scouted(**fields))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_has_benchmarks_is_let_through() -> None:
    require_collected("head", scouted(found=[Found(IDS[0])], left_out=IDS[1:], filters={"-k": "adding"}))


def test_code_that_cannot_be_collected_cannot_be_vouched_for() -> None:
    said = refused(MachineError, problems=["test_it.py: ModuleNotFoundError: No module named 'nowhere'", "another"])
    assert said.startswith("head cannot be collected: test_it.py: ModuleNotFoundError: No module named 'nowhere'")
    assert "the first of 2 problems" in said


def test_paths_that_are_not_there_are_wrong_usage() -> None:
    assert "elsewhere" in refused(UsageError, problems=["no such file: elsewhere"], misasked=True)


def test_without_any_benchmark_the_paths_are_named() -> None:
    assert "in the paths given" in refused(UsageError)


@pytest.mark.parametrize("option", ["-k", "-m"])
def test_a_filter_that_matches_nothing_is_named_with_what_there_is(option: str) -> None:
    said = refused(UsageError, left_out=IDS, filters={option: "xyz"})
    assert re.search(rf"none of head's 6 benchmarks .* matches {option} 'xyz'", said)
    assert said.endswith(
        "there are: test_adding[1], test_adding[2], test_product, test_median, test_sorting and 1 more"
    )


@pytest.mark.parametrize("keyword", ["addding", "test_addding", "slow or addding"])
def test_of_what_it_may_have_meant_the_nearest_are_named(keyword: str) -> None:
    said = refused(UsageError, left_out=IDS, filters={"-k": keyword})
    assert said.endswith("; nearest: test_adding[1], test_adding[2] and 4 more")


def test_both_filters_are_named() -> None:
    said = refused(UsageError, left_out=IDS[:1], filters={"-k": "adding", "-m": "slow"})
    assert "matches -k 'adding' and -m 'slow'" in said
