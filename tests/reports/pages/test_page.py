"""The page is whole by itself, hides no failure, and trusts no text it was given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import pytest

from opbench.vocabulary.record import Failed, Measured, Record, Unavailable
from opbench.vocabulary.report import Artifact
from reports.figures import complexity, fastest, latency, speedup
from reports.pages.page import PAGE
from reports.tables import table

from ..builders import every_outcome, line, record

REPORTS = (complexity.REPORT, latency.REPORT, fastest.REPORT, speedup.REPORT, table.REPORT)

VOID = {"meta", "link", "br", "img", "hr", "input"}


def artifacts(records: Sequence[Record]) -> list[Artifact]:
    return [artifact for report in REPORTS for artifact in report.render(records)]


def page(records: Sequence[Record]) -> str:
    return PAGE(records, artifacts(records))


def full_run() -> list[Record]:
    backends = [
        *line("torch_eager", [2e-6, 4e-6]),
        *line("torch_compile", [1e-6, 2e-6]),
        *line("cpp_ext", [5e-7, 1e-6]),
    ]
    return [*backends, *line("cpp_ext", [3e-6, 4e-6], "other"), *every_outcome()]


@cache
def full_page() -> str:
    return page(full_run())


class Balance(HTMLParser):
    """Raises on a closing tag that closes nothing; `open` is what was never closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


CASES = {
    "a full run": full_run(),
    "no records": [],
    "one record": [record()],
    "a single point": [record(backend=name) for name in ("torch_eager", "cpp_ext")],
    "nothing but failures": [record(Failed("prepare", "x")), record(Unavailable("y"), "cpp_ext", macs=None)],
    "no environment": [Record(record().case, Unavailable("gone"), {}, "unknown", "not a date")],
}


@pytest.mark.parametrize("name", CASES)
def test_every_run_has_a_well_formed_page(name: str) -> None:
    balance = Balance()
    balance.feed(page(CASES[name]))
    assert balance.open == []


def test_the_page_loads_nothing_from_outside() -> None:
    text = full_page()
    assert not re.search(r"<(?:link|img|iframe|object|embed)\b|<script[^>]* src", text)
    assert not re.search(r'(?:src|href)\s*=\s*"(?!#)', text)
    assert not re.search(r"@import|url\((?!#)", text)


def test_the_reason_of_every_problem_stands_on_the_page_escaped() -> None:
    text = page(every_outcome())
    assert "no compiler found" in text
    assert "Traceback:\n  &lt;b&gt;boom&lt;/b&gt; &amp; more" in text
    assert "3 of 100 elements outside the tolerance" in text
    assert "<b>boom" not in text


def test_names_from_a_record_are_escaped_in_figures_too() -> None:
    text = page([record(operator="<i>rows</i>", backend=backend) for backend in ("a&<b>", "torch_eager")])
    assert "<i>" not in text
    assert "<b>" not in text


def test_cases_with_the_same_reason_are_listed_together_with_every_point() -> None:
    text = page([record(Unavailable("no device"), channels=channels) for channels in (8, 16)])
    assert len(re.findall(r"<pre>no device</pre>", text)) == 1
    assert "channels=8; channels=16" in text


def test_rendering_twice_gives_the_same_bytes() -> None:
    assert artifacts(full_run()) == artifacts(full_run())
    assert page(every_outcome()) == page(every_outcome())


def test_every_figure_is_inlined_with_identifiers_of_its_own() -> None:
    text = full_page()
    assert text.count("<svg") == text.count("<figure>") == 5
    defined = re.findall(r'\bid="([^"]+)"', text)
    assert len(defined) == len(set(defined))


def test_every_reference_inside_the_page_is_defined_in_it() -> None:
    text = full_page()
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', text))
    assert used <= set(re.findall(r'\bid="([^"]+)"', text))


def test_the_page_names_device_date_and_revision() -> None:
    text = full_page()
    for wanted in ("Abacus 2", "2026-01-02 03:04 UTC", "0123456789ab", "versions.torch", "8.00 GiB"):
        assert wanted in text


def test_a_property_that_changes_during_the_run_shows_all_its_values() -> None:
    first, second = record(channels=1), record(channels=2)
    other = Record(second.case, second.outcome, {**second.environment, "threads": 4}, "fedcba987654", second.started)
    text = page([first, other])
    assert "0123456789ab, fedcba987654" in text


def test_figures_taken_beside_other_work_are_counted_where_the_page_begins() -> None:
    quiet = line("cpp_ext", [1e-6, 2e-6, 3e-6])
    assert "marked as contended" not in page(quiet)
    outcome = quiet[1].outcome
    assert isinstance(outcome, Measured)
    busy = replace(quiet[1], outcome=replace(outcome, contention="others used 0.97 of 2 cores"))
    assert "1 of 3 figures is marked as contended." in page([quiet[0], busy, quiet[2]])


def test_counts_that_differ_are_on_the_page_with_their_points() -> None:
    right = {"macs": 1000, "products": 200, "elementwise": 50}
    wrong = [
        record(counts={"fvcore": right, "torch": right | {"macs": 7}}, channels=channels) for channels in range(1, 14)
    ]
    text = page([*wrong, record(counts={"fvcore": right}, channels=17)])
    assert "Counts of 13 points differ." in text
    assert "rowsum(channels=3)" in text
    assert "fvcore and torch differ in macs: 1000 and 7" in text
    assert "3 more stand in the table's column <code>counts_reason</code>" in text
    assert "Counts that differ" not in page([record(counts={"fvcore": right, "torch": "no formula"})])
