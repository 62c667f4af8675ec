"""The page of a profile: complete where everything is known, honest where not, and it loads nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.profiling.case_profile import Profile
from opbench.profiling.compile_times import CacheContents, CompileTimes
from opbench.profiling.hardware_counters.counter_values import CounterValues, unit_suffix
from opbench.profiling.kernel_table import KernelRow
from opbench.profiling.recorded_trace import PeakMemory
from opbench.vocabulary.backend import KernelResources
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Trial, Unavailable
from reports.pages.profile_page import MOST_ROWS, render

from ..builders import measured, record

SPLIT = {"dispatch": 4e-6, "allocation": 1e-6, "elementwise": 5e-6}
KERNEL = KernelRow("mul<float>", "elementwise", 1, 5e-6, 0.5, "64 x 1 x 1", "128 x 1 x 1", 40, 1024, 2e9, 0.71)


def full() -> Profile:
    outcome = replace(measured(), split=SPLIT, trials=(Trial("block=64", 1e-5), Trial("block=32", 2e-5)))
    limit = Limit("L2", 4e-6, 0.0, 0.0, 0.0, 4e-6, 4e-6)
    return Profile(
        record=replace(record(outcome, device="cuda"), limit=limit),
        kernels=(KERNEL,),
        calls=7,
        trace="trace.json",
        peak=PeakMemory(3 << 20, 5 << 20),
        counted=(CounterValues("ncu", {"ncu_dram_bytes": 2048.0, "ncu_warps": 12.0}, ("one kernel was left out",)),),
        compile_times=CompileTimes(12.0, 0.5, (CacheContents("kernels", "/tmp/here", 4096, 3),)),
        resources=(KernelResources("flat", 40, None, 1024, "NVRTC for sm_90"),),
        refusals=("perf is not installed",),
    )


@pytest.mark.parametrize(
    "words",
    [
        *("rowsum", "torch_eager", "10.0 µs", "Of the machine&#39;s limit", "40 %"),
        *("mul&lt;float&gt;", "64 x 1 x 1", "2.00 GB/s", "71 %", "Medians over the 7 traced calls"),
        *("3.00 MiB", "5.00 MiB", "Counted by ncu", "2.00 KiB", "one kernel was left out"),
        *("12.0 s", "500 ms", "/tmp/here", "4.00 KiB", "flat", "NVRTC for sm_90"),
        *("perf is not installed", "ui.perfetto.dev", "Open trace file", "trace.json", "block=64", "all parts"),
    ],
)
def test_everything_that_is_known_is_on_it(words: str) -> None:
    page = render(full())
    assert words in page or words.replace("&#39;", "'") in page


def test_it_loads_nothing() -> None:
    page = render(full())
    for word in ("<script ", "<link", "@import", 'src="', "url(http"):
        assert word not in page


def test_what_is_not_there_has_no_section() -> None:
    page = render(Profile(record(measured())))
    for word in ("Where one call", "Operators of one call", "Peak memory", "Counted by", "Preparing with", "trace"):
        assert word not in page


def test_without_a_limit_it_says_nothing_of_one() -> None:
    assert "limit" not in render(Profile(record(measured())))


def test_a_case_without_a_latency_has_its_reason_and_its_kernels() -> None:
    resources = (KernelResources("flat", 40, 0, 0, "NVRTC for sm_90"),)
    page = render(Profile(record(Unavailable("no <device>")), resources=resources))
    assert "Not measured (unavailable):</strong> no &lt;device&gt;" in page
    assert "NVRTC for sm_90" in page


def test_a_call_that_could_not_be_split_says_why() -> None:
    page = render(Profile(record(replace(measured(), split_reason="nothing seen"))))
    assert "Nothing seen." in page


def test_of_many_operators_the_first_are_shown_and_the_rest_counted() -> None:
    rows = tuple(replace(KERNEL, name=f"k{number};") for number in range(MOST_ROWS + 3))
    page = render(replace(full(), kernels=rows))
    assert f"k{MOST_ROWS - 1};" in page
    assert f"k{MOST_ROWS};" not in page
    assert "3 more are in" in page


@pytest.mark.parametrize(
    ("name", "unit"), [("ncu_dram_bytes_per_s", "_bytes_per_s"), ("a_bytes", "_bytes"), ("b_s", "_s"), ("faults", "")]
)
def test_the_unit_ends_the_name(name: str, unit: str) -> None:
    assert unit_suffix(name) == unit


def test_rates_have_columns_where_an_operator_has_one_and_sums_are_not_rounded_away() -> None:
    """Parts of 113 % of the median are not said to be 110."""
    alone = replace(KERNEL, bytes_per_s=None, of_limit=None)
    split = {"dispatch": 4.3e-6, "elementwise": 7e-6}
    record_of = replace(full().record, outcome=replace(measured(1e-5), split=split))
    text = render(replace(full(), kernels=(alone,), record=record_of))
    assert "B/s" not in text.partition("Peak memory of one call")[0].partition("<main>")[2]
    assert "B/s</th>" in render(full())
    assert "113 % of the median" in text
