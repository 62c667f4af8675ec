"""The table and the figure of devices predicted from others: a row a backend and pair, nothing without a pair."""

from __future__ import annotations

import pytest

from opbench.vocabulary.interval import geometric_mean
from opbench.vocabulary.record import Record
from reports.data.predictions import chosen_text, pairs_of
from reports.figures.predicted_latency import REPORT as FIGURE
from reports.tables.predicted_devices import REPORT as TABLE
from tests.fleet import A100, CPU, FLEET, H200, Device, case, told_apart

from ..builders import record
from ..model_builders import cells, values

SIZES = (301, 401, 601)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """Two backends, of which one needs nine times as many instructions on an A100; a third one is on the CPU alone."""
    every = [case(on, beyond=60.0, channels=size) for on in FLEET for size in SIZES]
    every += [
        case(on, "triton_jit", beyond, channels=size) for on, beyond in ((H200, 10.0), (A100, 90.0)) for size in SIZES
    ]
    return told_apart([*every, case(CPU, "cpp_ext", channels=64)])


def took(on: Device, beyond: float, size: int) -> float:
    limit = case(on, channels=size).limit
    assert limit is not None
    return limit.launch_s + limit.roof_s + beyond * limit.arithmetic_s


def test_every_pair_has_a_row_for_all_and_one_for_each_backend_that_both_have(records: list[Record]) -> None:
    rows = values(TABLE.render(records), "predicted_devices")
    assert [(row["target"], row["source"], row["backend"]) for row in rows[:3]] == [
        (A100.name, H200.name, ""),
        (A100.name, H200.name, "torch_eager"),
        (A100.name, H200.name, "triton_jit"),
    ]
    assert len(rows) == 2 * 3 + 4 * 2
    assert {row["backend"] for row in rows if CPU.name in (row["target"], row["source"])} == {"", "torch_eager"}


def test_figures_are_those_that_the_records_were_made_with(records: list[Record]) -> None:
    everything, eager, triton = values(TABLE.render(records), "predicted_devices")[:3]
    assert float(eager["typical_factor"]) == pytest.approx(1.0)
    ratios = [took(A100, 10, size) / took(A100, 90, size) for size in SIZES]
    assert float(triton["typical_factor"]) == pytest.approx(1 / geometric_mean(ratios))
    assert float(triton["worst_factor"]) == pytest.approx(1 / min(ratios))
    assert float(triton["expected_over_measured"]) == pytest.approx(sorted(ratios)[1])
    low, high = (float(triton[f"expected_over_measured_p{part}"]) for part in (25, 75))
    assert min(ratios) < low < sorted(ratios)[1] < high < max(ratios)
    assert (everything["choice_points"], everything["choice_right"]) == ("3", "0")
    costs = [took(A100, 90, size) / took(A100, 60, size) for size in SIZES]
    assert float(everything["choice_cost"]) == pytest.approx(geometric_mean(costs))
    unscaled = [took(A100, 60, size) / took(H200, 60, size) for size in SIZES]
    assert float(eager["unscaled_factor"]) == pytest.approx(geometric_mean(unscaled))


def test_a_reader_sees_both_devices_and_factors(records: list[Record]) -> None:
    first = cells(TABLE.render(records), "predicted_devices")[0]
    assert first[0] == f"{A100.name}|from {H200.name}"
    assert first[1:3] == ["all backends", "6"]
    assert first[6].startswith("0 of 3|1.")
    (pair, *_) = pairs_of(records)
    assert chosen_text(pair.predictions).startswith("the backend expected to be the fastest was at 0 of 3 points;")
    assert chosen_text(pair.predictions[:1]) == "no point has two backends to choose from"


def test_the_figure_has_a_panel_for_each_pair_up_to_six(records: list[Record]) -> None:
    (figure,) = FIGURE.render(records)
    assert figure.name == "figures/predicted_latency.svg"
    assert "pairs of devices are drawn" not in figure.caption
    assert b'data-backend="triton_jit"' in figure.data
    assert b'data-backend="cpp_ext"' not in figure.data


def test_one_kind_of_device_or_no_limit_is_no_table_and_no_figure(records: list[Record]) -> None:
    alone = [one for one in records if one.case.point.device == CPU.name]
    without = [record(backend="a"), record(backend="a", device="cuda")]
    for given in (alone, without, []):
        assert TABLE.render(given) == []
        assert FIGURE.render(given) == []
