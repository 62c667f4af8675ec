"""What a notebook shows: every record, whatever its names hold, in colours that neither ground hides."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree as ET

import pytest

from opbench.custom.difference import ADVICE, Difference
from opbench.custom.latency import Latency
from opbench.vocabulary.record import Contended, Mismatch, Unavailable
from opbench.vocabulary.report import Artifact
from reports.pages.notebook_difference import html_difference
from reports.pages.notebook_latency import html_latency
from reports.pages.notebook_parts import FASTER, SLOWER
from reports.pages.notebook_table import html_results

from ..builders import check, measured, record

EVIL = '<script>alert("x")</script>'
FIGURE = Artifact("figures/latency.svg", "Latency", "", b'<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg><g/></svg>')


def parsed(html: str) -> ET.Element:
    return ET.fromstring(f"<cell>{html}</cell>")


def texts(html: str) -> list[list[str]]:
    """The table's cells."""
    return [["".join(cell.itertext()) for cell in row] for row in parsed(html).iter("tr")]


def test_a_row_a_record_with_its_point_once_and_its_reason_by_number_below() -> None:
    records = [
        record(measured(2e-5), "one", channels=3),
        record(Mismatch(check(passed=False)), "two", channels=3),
        record(Contended("others"), "one", channels=5),
        record(Unavailable(EVIL), EVIL, channels=5),
    ]
    html = html_results(records, [EVIL], [FIGURE])
    head, *rows = texts(html)
    assert head[:3] == ["point", "backend", "median"]
    assert [row[0] for row in rows] == ["channels=3", "", "channels=5", ""]
    assert [row[1] for row in rows] == ["one", "two", "one", EVIL]
    assert rows[0][2] == "20.0 µs"
    assert [row[-1] for row in rows] == ["", "mismatch (1)", "contended (2)", "unavailable (3)"]
    shown = ["".join(one.itertext()) for one in parsed(html).iter("small")]
    assert shown[0].startswith("(1) mismatch: 3 of 100 elements")
    assert shown[1:3] == ["(2) contended: others", f"(3) unavailable: {EVIL}"]
    assert shown[-1] == EVIL
    assert "Abacus 2" in shown[-2]
    assert len(list(parsed(html).iter("svg"))) == 1
    assert not list(parsed(html).iter("script"))


def test_columns_without_a_value_are_left_out_and_no_records_are_said_to_be_none() -> None:
    html = html_results([record(Unavailable("no compiler"), macs=None)], [], [])
    assert texts(html)[0] == ["point", "backend", "note"]
    assert "<svg" not in html
    assert "no records" in html_results([], [], [])


@pytest.mark.parametrize(
    ("samples_s", "bars", "says"),
    [
        ((1e-5,), 0, "1 sample of 7 calls each"),
        ((1e-5,) * 11, 0, "11 samples of 7 calls each"),
        (tuple(1e-5 + 1e-8 * number for number in range(101)), 40, "101 samples of 7 calls each"),
    ],
)
def test_a_latency_has_its_figures_and_a_histogram_where_samples_differ(
    samples_s: tuple[float, ...], bars: int, says: str
) -> None:
    latency = Latency(samples_s, 7, disturbed=EVIL)
    cell = parsed(html_latency(latency))
    assert len(list(cell.iter("{http://www.w3.org/2000/svg}rect"))) == bars
    text = "".join(cell.itertext())
    assert says in text
    assert text.count(EVIL) == 1
    assert str(Latency(samples_s, 7)) in text


def test_a_difference_says_and_colours_what_is_decided_alone() -> None:
    here = [record(measured(3e-5), EVIL), record(measured(1e-5), "same"), record(measured(1e-5), "alone")]
    there = [record(measured(1e-5), EVIL), record(measured(1e-5), "same")]
    html = html_difference(Difference.of(here, there))
    rows = texts(html)[1:]
    assert [(row[0], row[1], row[-1]) for row in rows] == [(EVIL, "3.000", "slower"), ("same", "1.000", "undecided")]
    assert html.count(SLOWER) == 3
    assert FASTER not in html
    assert "only here: rowsum" in html
    assert html_difference(Difference.of(there, here)).count(FASTER) == 3


def test_a_difference_has_its_own_confidence_and_advice() -> None:
    records = [record(measured(1e-5), "same")]
    usual = Difference.of(records, records)
    confirmed = replace(usual, confidence=0.99, advice="confirmed by fresh processes")
    assert "95 % interval" in html_difference(usual)
    assert ADVICE in unescape(html_difference(usual))
    assert "99 % interval" in html_difference(confirmed)
    assert "confirmed by fresh processes" in html_difference(confirmed)


def luminance(colour: str) -> float:
    """Relative, as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("colour", [FASTER, SLOWER])
@pytest.mark.parametrize("ground", ["#ffffff", "#111111"])
def test_each_colour_stands_out_on_either_ground(colour: str, ground: str) -> None:
    low, high = sorted([luminance(colour), luminance(ground)])
    assert (high + 0.05) / (low + 0.05) >= 4


def test_no_colour_is_named_but_those_and_the_figures_plate() -> None:
    here = [record(measured(3e-5), "slower"), record(measured(1e-5), "faster")]
    there = [record(measured(1e-5), "slower"), record(measured(3e-5), "faster")]
    shown = [
        html_results(here, [], [FIGURE]),
        html_latency(Latency((1e-5, 2e-5, 3e-5), 1)),
        html_difference(Difference.of(here, there)),
    ]
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", "".join(shown))) == {FASTER, SLOWER, "#fff"}
