"""How near a case came to its limit is told where there is one, and what cannot be is told first."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from opbench.vocabulary.record import Measured, Record
from reports.data.limits import ceilings_range, impossible, limit_text, share, share_text
from reports.figures import limit_share, roofline
from reports.pages.page import PAGE
from reports.tables import limits_table
from reports.terminal.results_table import terminal_table

from ..builders import every_outcome, line, record
from ..limit_builders import limit, limited


def printed(records: Sequence[Record]) -> str:
    console = Console(width=100, file=io.StringIO(), force_terminal=False)
    console.print(terminal_table(records))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def too_fast(fraction: float = 8.0, **case: Any) -> Record:
    found = limited(fraction, "DRAM", **case)
    assert isinstance(found.outcome, Measured)
    text = f"impossible: {fraction:g} times <b>what</b> this machine can do"
    return replace(found, outcome=replace(found.outcome, warnings=("noisy", text)))


def test_a_share_is_the_limit_over_the_median_and_over_the_ends_of_its_interval() -> None:
    found = share(limited(0.5))
    assert found is not None
    assert (found.low, found.mid, found.high) == pytest.approx((0.5, 0.5, 0.5), rel=0.01)
    assert found.low < found.mid < found.high


def test_without_a_limit_or_a_measurement_there_is_no_share() -> None:
    assert share(record()) is None
    assert [share(replace(one, limit=limit())) is None for one in every_outcome()] == [False, True, True, True]
    assert limit_text(record()) == ""


@pytest.mark.parametrize("bound", ["L1", "L3", "DRAM", "arithmetic", "launch"])
def test_a_limit_is_named_by_what_takes_longest(bound: str) -> None:
    assert limit(bound).set_by == bound
    assert limit_text(limited(0.83, bound)) == f"83 % {bound}"


def test_page_faults_bound_a_case_and_set_no_limit() -> None:
    assert limit("allocation").set_by == "L2"
    assert limit_text(limited(0.5, "allocation")) == "50 % allocation"


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(1.0, "100 %"), (0.834, "83 %"), (0.0999, "10 %"), (0.0412, "4.1 %"), (0.001, "0.1 %"), (0.0009, "<0.1 %")],
)
def test_a_share_has_the_digits_that_say_something(fraction: float, text: str) -> None:
    assert share_text(fraction) == text


def test_the_ceilings_own_interval_is_told_once() -> None:
    assert "the worst round reached 25 % of them, and up to 100 % may be found" in ceilings_range([limited(), record()])
    assert ceilings_range([record()]) == ""


def test_the_terminal_has_a_column_of_limits_only_where_a_case_has_one() -> None:
    before = [*every_outcome(), *line("torch_eager", [1e-6, 2e-6])]
    assert "limit" not in printed(before)
    text = printed([*before, limited(0.83, "arithmetic", channels=7)])
    assert re.search(r"limit +note", text)
    assert "83 % arith." in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_terminal_says_that_a_case_is_impossible_and_why() -> None:
    text = printed([too_fast()])
    assert re.search(r"800 % DRAM +impossible \(1\)", text)
    assert "(1) impossible: 8 times <b>what</b> this machine can do; noisy" in text


def test_the_page_has_a_column_of_limits_only_where_a_case_has_one() -> None:
    assert not re.search("Limit<|#impossible", PAGE(every_outcome(), []))
    text = PAGE([*every_outcome(), limited(0.83, "L3", channels=7)], [])
    assert '<th class="n" data-key="limit">Limit</th>' in text
    assert '<td class="n">83 % L3</td>' in text
    assert 'colspan="9"' in text


def test_the_page_counts_what_cannot_be_before_anything_else_and_lists_it_escaped() -> None:
    text = PAGE([too_fast(8, channels=7), too_fast(2, channels=13), limited(1.04, channels=1)], [])
    assert text.index("2 cases are faster than this machine can be") < text.index("How to read this")
    assert "channels=7: 800 % DRAM; channels=13: 200 % DRAM" in text
    assert "8 times &lt;b&gt;what" in text
    assert "1 case is faster" in PAGE([too_fast()], [])


def test_of_many_reasons_some_are_shown_and_the_rest_counted() -> None:
    text = PAGE([too_fast(2 + x / 10, channels=x) for x in range(1, 6)], [])
    assert text.count("this machine can do") == 3
    assert "2 more of the kind" in text


def test_what_cannot_be_is_listed_by_backend_with_every_reason_once() -> None:
    one, other = impossible([too_fast(channels=7), limited(1.04), too_fast(channels=8), too_fast(operator="other")])
    assert (one.backend, len(one.cases), len(one.reasons)) == ("cpp_ext", 2, 1)
    assert (other.operator, len(other.cases)) == ("other", 1)


@pytest.mark.parametrize("report", [limit_share, limits_table, roofline], ids=["share", "table", "roofline"])
def test_what_the_ceilings_are_measured_with_is_not_held_against_them(report: ModuleType) -> None:
    assert report.REPORT.render([limited(operator="multiply_add")]) == []
    assert report.REPORT.render([limited(operator="rowsum")])
