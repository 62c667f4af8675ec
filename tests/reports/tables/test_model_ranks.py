"""Orders held against the paper's: correlations and sentences that say what the numbers say, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from opbench.vocabulary.record import Failed, Record
from reports.models.classifiers import benches, shown
from reports.models.ranks import Ranks, ranks
from reports.models.reported import table7
from reports.tables.model_ranks import REPORT

from ..model_builders import IN_TABLE_7, cells, model, values


def by_paper() -> list[str]:
    """The operators of IN_TABLE_7 from quick to slow on the paper's CPU."""
    return sorted(IN_TABLE_7, key=lambda name: table7()[shown(name)].cpu_s)


def timed(order: list[str], backend: str = "ort_stock") -> list[Record]:
    """Latencies in that order."""
    return [model(name, backend, 0.001 * (place + 1)) for place, name in enumerate(order)]


def hand_made(ours: float, paper: float, macs: float, parameters: float) -> Ranks:
    (bench,) = benches([model("ghostnet_100")])

    def rank(value: float) -> Mapping[str, float]:
        return {"ghostnet_100": value}

    return Ranks(bench, "ort_stock", "CPU", ["ghostnet_100"], rank(ours), rank(paper), rank(macs), rank(parameters))


def test_the_papers_order_correlates_with_itself_and_nothing_moved() -> None:
    found = REPORT.render(timed(by_paper()))
    (row,) = values(found, "rank_correlation")
    assert row["models"] == "8"
    assert float(row["ours_with_paper"]) == pytest.approx(1)
    assert not [artifact for artifact in found if "rank_moves" in artifact.name]


def test_the_reverse_order_correlates_at_minus_one() -> None:
    (row,) = values(REPORT.render(timed(by_paper()[::-1])), "rank_correlation")
    assert float(row["ours_with_paper"]) == pytest.approx(-1)


def test_a_correlation_is_one_less_six_times_the_squared_moves() -> None:
    # First and last change places among 8: 1 - 6 * (7^2 + 7^2) / (8 * (8^2 - 1)) = 1 - 588 / 504
    first, *middle, last = by_paper()
    (row,) = values(REPORT.render(timed([last, *middle, first])), "rank_correlation")
    assert float(row["ours_with_paper"]) == pytest.approx(1 - 588 / 504)


def test_only_models_that_moved_by_more_than_three_have_a_sentence() -> None:
    order = by_paper()
    near, far = order[0], order[7]
    order[0], order[3] = order[3], near  # by three
    order[7], order[1] = order[1], far  # by six
    moved = [row["operator"] for row in values(REPORT.render(timed(order)), "rank_moves")]
    assert near not in moved
    assert sorted(moved) == sorted((far, order[7]))


@pytest.mark.parametrize(
    ("macs", "parameters", "reading"),
    [
        (4.0, 15.0, "4 by MACs and 15 by parameters, that by MACs nearer to ours than the paper's."),
        (19.0, 9.0, "19 by MACs and 9 by parameters, that by parameters nearer to ours than the paper's."),
        (6.0, 4.0, "6 by MACs and 4 by parameters, both nearer to ours than the paper's."),
        (15.0, 18.0, "15 by MACs and 18 by parameters, neither nearer to ours than the paper's."),
    ],
)
def test_a_sentence_names_work_only_where_it_is_nearer_than_the_paper(
    macs: float, parameters: float, reading: str
) -> None:
    sentence = hand_made(5, 15, macs, parameters).sentence("ghostnet_100")
    assert sentence == f"GhostNet-1.0: rank 15 of 1 in the paper, 5 here; {reading}"


def test_a_model_without_a_latency_or_a_reported_one_is_in_no_rank() -> None:
    records = [*timed(by_paper()[1:]), model(by_paper()[0], outcome=Failed("measure", "x")), model("mobilevit_s")]
    (row,) = values(REPORT.render(records), "rank_correlation")
    assert row["models"] == "7"


def test_fewer_models_than_five_have_no_correlation() -> None:
    (bench,) = benches(timed(by_paper()[:4]))
    assert ranks(bench, "ort_stock") is None
    assert REPORT.render(timed(by_paper()[:4])) == []


@pytest.mark.parametrize("device", ["cuda", "cuda (NVIDIA H200)"])
def test_a_gpu_is_held_against_the_papers_gpu_whatever_a_fleet_calls_it(device: str) -> None:
    records = [model(name, outcome=table7()[shown(name)].gpu_s, device=device) for name in IN_TABLE_7]
    (row,) = values(REPORT.render(records), "rank_correlation")
    assert row["column"] == "GPU"
    assert float(row["ours_with_paper"]) == pytest.approx(1)


def test_moves_are_told_in_the_onnx_runtime_though_others_were_measured() -> None:
    records = [*timed(by_paper(), "torch_eager"), *timed(by_paper()[::-1])]
    rows = cells(REPORT.render(records), "rank_moves")
    assert {row[0] for row in rows} == {"cpu, 2 threads|ort_stock"}


def test_that_machines_differ_is_said_once() -> None:
    found = REPORT.render(timed(by_paper()[::-1]))
    assert sum("machines and its runtime are others" in one.caption for one in found if one.is_table) == 1
