"""The ceilings fit a terminal of 80 columns, one line each, whatever the machine can do."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest
from rich.console import Console

from opbench.ceilings import Ceilings, Level, Rate
from reports.terminal.ceilings_table import ceilings_table

LAPTOP = Ceilings(
    environment={"device": "cpu", "device_name": "Abacus", "threads": 2},
    levels=(Level("L1", 1 << 16), Level("L2", 1 << 21), Level("DRAM", math.inf)),
    bandwidth={
        kind: {32768: Rate(24.7e9, 404e9, 407e9), 1 << 27: Rate(13.8e9, 54.5e9, 54.9e9)}
        for kind in ("read", "write", "copy")
    },
    arithmetic={"multiply_add": {"float32": Rate(20e9, 117e9, 118e9)}, "matrix": {}},
    costs={"call": Rate(1.07e-6, 1.05e-6, 1.04e-6), "launch": Rate(11.9e-3, 739e-9, 734e-9)},
    measured="2026-01-02T03:04:05",
)


def printed(ceilings: Ceilings) -> list[str]:
    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    console.print(ceilings_table(ceilings))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def scaled(times: float) -> Ceilings:
    bandwidth = {
        kind: {size: Rate(*(times * end for end in (rate.low, rate.mid, rate.high))) for size, rate in curve.items()}
        for kind, curve in LAPTOP.bandwidth.items()
    }
    return replace(LAPTOP, bandwidth=bandwidth, environment={**LAPTOP.environment, "device": "cuda"})


@pytest.mark.parametrize("times", [0.05, 1.0, 20.0])
def test_a_working_set_is_one_line_of_80_columns_with_nothing_cut_off(times: float) -> None:
    lines = printed(scaled(times))
    assert max(map(len, lines)) <= 80
    assert sum("KiB" in line or "MiB" in line for line in lines) == 2
    assert not any("…" in line for line in lines)


def test_every_rate_stands_before_its_worst_round_and_its_quickest_sample() -> None:
    text = "\n".join(printed(LAPTOP))
    assert text.count("404 (24.7 to 407)") == 3
    assert "117 G (20.0 G to 118 G)" in text
    assert "739 ns (11.9 ms to 734 ns)" in text


def test_a_kind_that_was_not_measured_at_a_size_is_a_dash() -> None:
    curve = LAPTOP.bandwidth["read"]
    only = replace(LAPTOP, bandwidth={**LAPTOP.bandwidth, "copy": {32768: curve[32768]}})
    (line,) = [line for line in printed(only) if "MiB" in line]
    assert line.rstrip().endswith("-")


def test_another_tool_is_held_against_ours() -> None:
    lines = printed(replace(LAPTOP, opinions={"read:likwid": 27.25e9}))
    assert "read:likwid: 27.2 GB/s, 50 % below ours, within its interval" in lines
    assert any("no second opinion" in line for line in printed(LAPTOP))


def test_a_machine_of_which_little_is_known_has_a_table_too() -> None:
    assert printed(replace(LAPTOP, bandwidth={}, arithmetic={}, costs={}))
