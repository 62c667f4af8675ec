"""Judgements in words: what a person finds, in which order, and what no quoted text can break."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace

import pytest

from opbench.gate.benchmark import common_prefix
from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.output.console import conclusion_json, judgement_json, plain_lines, print_results, wrap_name
from opbench.gate.output.markdown import Header, markdown
from opbench.gate.output.table import _percent, by_urgency, reason_text, to_cells
from opbench.gate.stats.bimodality import SlowMode
from opbench.gate.stats.compare import Comparison, compare
from opbench.gate.stats.rule import DEFAULT

from ..scripted_workers import steady

HEADER = Header("a" * 40, "b" * 40, "a machine", "workers.svg")


def comparison(ratio: float = 1.0) -> Comparison:
    return compare(steady(ratio)("screen", 3, 8), DEFAULT)


def judgement(name: str, verdict: Verdict, reason: str = "as it is", ratio: float | None = 1.0) -> Judgement:
    return Judgement(
        f"tests/bench/test_it.py::{name}", verdict, reason, None if ratio is None else comparison(ratio), None, 1
    )


MIXED = [
    judgement("test_fine", Verdict.PASS),
    judgement("test_fast", Verdict.FASTER, ratio=0.8),
    judgement("test_gone", Verdict.DELETED, ratio=None),
    judgement("test_slow", Verdict.REGRESSION, ratio=1.2),
    judgement("test_open", Verdict.INCONCLUSIVE),
]


def test_what_needs_action_comes_first_and_what_is_waived_after_it() -> None:
    names = [row.verdict for row in by_urgency(MIXED, {Verdict.DELETED})]
    assert names == [Verdict.REGRESSION, Verdict.INCONCLUSIVE, Verdict.DELETED, Verdict.FASTER, Verdict.PASS]


def test_every_line_prints_ratio_interval_p_detectable_spread_workers_and_seconds() -> None:
    row = to_cells(MIXED[0], DEFAULT)
    assert row.ratio.startswith("1.000 [0.99")
    assert (row.p, row.workers, row.seconds) == ("0.68", "8+8 x 3", "1.0")
    assert row.detects.endswith(" %")
    assert row.spread.endswith(" %")


def test_without_a_comparison_there_is_no_number() -> None:
    row = to_cells(MIXED[2], DEFAULT)
    assert {row.ratio, row.p, row.detects, row.spread, row.workers} == {"-"}


def test_a_waived_verdict_says_so() -> None:
    assert to_cells(MIXED[2], DEFAULT, {Verdict.DELETED}).verdict == "deleted (allowed)"


def test_the_page_leads_with_the_result_and_folds_away_what_passed() -> None:
    page = markdown(MIXED, HEADER, DEFAULT)
    assert page.startswith("## Latency gate: FAILED, 1 confirmed regression\n")
    assert page.index("test_slow") < page.index("test_open") < page.index("<details>") < page.index("`test_fine`")
    assert "Head `bbbbbbbbbb` against base `aaaaaaaaaa` on a machine" in page
    assert "Faster: `test_fast` 0.800" in page


@pytest.mark.parametrize(
    ("judged", "headline"),
    [
        ([MIXED[0]], "passed"),
        ([MIXED[0], MIXED[4]], "CANNOT VOUCH for 1 of 2 benchmarks"),
        ([], "CANNOT VOUCH, nothing was compared"),
    ],
)
def test_the_headline_is_the_exit_code_in_words(judged: list[Judgement], headline: str) -> None:
    assert markdown(judged, HEADER, DEFAULT).startswith(f"## Latency gate: {headline}\n")


def test_a_quoted_reason_stays_on_its_line_and_in_its_cell() -> None:
    quoted = "E   assert\x1b[31m 1 | 2\n\n<b>*bold*</b>"
    page = markdown([judgement("test_odd|name", Verdict.CRASHED, quoted)], HEADER, DEFAULT)
    (line,) = [row for row in page.splitlines() if "crashed" in row and row.startswith("|")]
    assert r"E assert 1 \| 2 \<b\>\*bold\*\</b\>" in line
    assert r"`test_odd\|name`" in line


def test_plain_lines_hold_the_whole_name_and_end_with_the_conclusion() -> None:
    lines = plain_lines(MIXED, {Verdict.DELETED}, DEFAULT)
    assert len(lines) == 2 + len(MIXED) + 1
    assert "tests/bench/test_it.py::test_slow" in lines[2]
    assert lines[-1] == (
        "FAILED: confirmed regression (1 pass, 1 faster, 1 regression, 1 inconclusive, 1 deleted; allowed: 1 deleted)"
    )


def test_json_has_no_number_that_is_none() -> None:
    unbounded = replace(MIXED[0], comparison=replace(comparison(), detectable=math.inf))
    line = json.loads(json.dumps(judgement_json(unbounded), allow_nan=False))
    assert line["found"]["detectable"] is None
    assert line["verdict"] == "pass"
    assert conclusion_json(MIXED, [], DEFAULT)["exit_code"] == 1


def test_names_share_a_folder_or_a_file_or_nothing() -> None:
    assert common_prefix(["a/b/x.py::f", "a/b/y.py::g", "a/c/z.py::h"]) == "a/"
    assert common_prefix(["a/b/x.py::f", "a/b/x.py::g"]) == "a/b/x.py::"
    assert common_prefix(["x.py::f", "y.py::g"]) == ""


def test_a_long_name_is_broken_between_its_pieces_and_loses_nothing() -> None:
    name = "tests/bench/test_cross_hadamard.py::test_forward[8x128x14x14-selected16]"
    lines = wrap_name(name, 30).split("\n")
    assert "".join(lines) == name
    assert len(lines) > 1
    assert all(len(line) <= 30 for line in lines)


@pytest.mark.parametrize(
    ("detectable", "shown"), [(0.0005, "0.05 %"), (0.034, "3.4 %"), (1.5, "2.5x"), (math.inf, "-")]
)
def test_a_slowdown_is_a_share_from_twice_on_a_factor_and_none_where_none_would_show(
    detectable: float, shown: str
) -> None:
    assert _percent(detectable) == shown


def test_a_slow_group_of_workers_is_told_once() -> None:
    modes = SlowMode(3, 1, 24, 1.17)
    bimodal = replace(judgement("it", Verdict.PASS), comparison=replace(comparison(), modes=modes))
    assert reason_text(bimodal, DEFAULT) == f"as it is; {modes}"
    told = replace(bimodal, reason=f"undecided: {modes}")
    assert reason_text(told, DEFAULT) == f"undecided: {modes}"


@pytest.mark.parametrize("terminal", [True, False])
def test_a_person_gets_a_table_and_a_machine_lines_of_json(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    judged = [judgement("tests/test_it.py::test_it", Verdict.PASS)]
    print_results(judged, (), DEFAULT, in_json=False)
    shown = capsys.readouterr().out
    assert "test_it" in shown
    assert "passed (1 pass)" in shown
    print_results(judged, (), DEFAULT, in_json=True)
    line, end = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["verdict"], end["exit_code"]) == ("pass", 0)
