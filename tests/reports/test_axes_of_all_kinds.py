"""Operators of a reader's own have axes of fractions, names and truths: no report breaks on them or cuts them."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from opbench.running.reporting import loaded_reports
from opbench.vocabulary.case import AxisValue
from opbench.vocabulary.record import Record
from reports.figures import latency
from reports.pages.page import PAGE
from reports.tables import table

from .builders import measured, record

KINDS: dict[str, dict[str, tuple[AxisValue, ...]]] = {
    "names and truths": {"act": ("gelu", "relu"), "bias": (False, True)},
    "a plane of fractions": {"rate": (0.25, 0.5, 1.5), "eps": (1e-05, 0.001, 0.1)},
    "all of them": {"rows": (3,), "rate": (0.25, 0.5), "act": ("gelu", "relu"), "bias": (False, True)},
}


def run(kind: str) -> list[Record]:
    axes = KINDS[kind]
    points: list[dict[str, Any]] = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    return [
        record(measured(1e-6 * (2 + place) * factor), backend, dtype=dtype, **point)
        for place, point in enumerate(points)
        for backend, factor in (("torch_eager", 1.0), ("mine", 2.0))
        for dtype in ("float32", "bfloat16")[: 1 + (kind == "all of them")]
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_report_is_made_of_them(kind: str) -> None:
    records = run(kind)
    reports, _ = loaded_reports()
    made = {name: report.render(records) for name, report in reports.items()}
    assert made["latency"]
    assert bool(made["heatmap"]) == (kind == "a plane of fractions")


def test_their_values_stand_in_the_page_s_tables_and_in_the_csv_as_they_are() -> None:
    records = run("all of them")
    page = PAGE(records, [])
    for name in ("rate", "act", "bias", "dtype"):
        assert f">{name}</th>" in page
    for value in ("0.25", "gelu", "True", "bfloat16"):
        assert f">{value}</td>" in page
    csv = next(made.data.decode() for made in table.REPORT.render(records) if made.name == "table.csv")
    assert "0.25" in csv
    assert "gelu" in csv


def test_ticks_are_not_rounded_to_whole_numbers() -> None:
    figure, _ = latency.REPORT.render(run("all of them"))
    for text in (b"<!-- 0.25 -->", b"<!-- 0.5 -->"):
        assert text in figure.data
