"""A ratio has an uncertainty, a direction, and only points where both sides were measured."""

from __future__ import annotations

import pytest

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Failed
from reports.data.ratios import Speedup, mean_ratio, rivals, speedups
from reports.data.series import Panel, panels
from reports.figures.speedup import REPORT

from ..builders import line, record


def panel(*series: list[float]) -> Panel:
    (found,) = panels([found for name, times in zip("abc", series, strict=False) for found in line(name, times)])
    return found


def test_speedup_of_a_over_b_is_the_reciprocal_of_b_over_a() -> None:
    both = panel([1e-6, 5e-6], [2e-6, 3e-6])
    over_a, over_b = speedups(both, "a")["b"], speedups(both, "b")["a"]
    assert over_a.mean.mid == pytest.approx(1 / over_b.mean.mid)
    assert over_a.mean.low == pytest.approx(1 / over_b.mean.high)
    assert over_a.ratios[8].high == pytest.approx(1 / over_b.ratios[8].low)


def test_a_backend_twice_as_fast_as_the_baseline_has_speedup_two() -> None:
    assert speedups(panel([2e-6], [1e-6]), "a")["b"].mean.mid == pytest.approx(2)


def test_the_geometric_mean_of_twice_and_half_is_one_and_the_worst_is_half() -> None:
    found = speedups(panel([2e-6, 1e-6], [1e-6, 2e-6]), "a")["b"]
    assert found.mean.mid == pytest.approx(1)
    assert found.worst[0] == 16
    assert found.summary("channels") == "1.00×, least 0.500× at channels=16 (2 points)"


def test_a_failed_point_is_in_no_ratio() -> None:
    (both,) = panels(
        [*line("a", [1e-6, 1e-6]), *line("b", [1e-6]), record(Failed("measure", "x"), "b", batch=1, channels=16)]
    )
    assert list(speedups(both, "a")["b"].ratios) == [8]


def test_without_a_measured_baseline_there_is_nothing_to_show() -> None:
    assert speedups(panel([1e-6]), "b") == {}
    assert REPORT.render(line("cpp_ext", [1e-6, 2e-6])) == []


def test_more_points_make_the_mean_surer() -> None:
    ratio = Interval(1.8, 2.0, 2.2)
    assert mean_ratio([ratio] * 9).relative_width == pytest.approx(ratio.relative_width / 3, rel=0.02)


def test_a_baseline_is_held_against_another_once() -> None:
    (both,) = panels([*line("torch_eager", [2e-6]), *line("torch_compile", [1e-6])])
    assert list(rivals(both, "torch_eager")) == ["torch_compile"]
    assert list(rivals(both, "torch_compile")) == []


def test_each_measured_baseline_has_its_figure() -> None:
    records = [*line("torch_eager", [2e-6]), *line("torch_compile", [1e-6]), *line("cpp_ext", [5e-7])]
    assert [found.title for found in REPORT.render(records)] == [
        "Speed-up over torch_eager",
        "Speed-up over torch_compile",
    ]


def test_one_point_is_summed_up_as_one_point() -> None:
    assert Speedup({8: Interval(1.9, 2.0, 2.1)}).summary("channels") == "2.00× (1 point)"
