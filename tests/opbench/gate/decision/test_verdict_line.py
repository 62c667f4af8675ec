"""The last line of a run, whole, as a reader of a log gets it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from opbench.errors import UsageError
from opbench.gate.decision.verdict import Judgement, Verdict, conclusion, exit_code, waivers


@pytest.mark.parametrize(
    ("verdicts", "allowed", "code", "line"),
    [
        ((), (), 3, "CANNOT VOUCH: not all of it could be compared (no benchmark)"),
        ((Verdict.PASS,), (), 0, "passed (1 pass)"),
        ((Verdict.FASTER, Verdict.PASS, Verdict.PASS), (), 0, "passed (2 pass, 1 faster)"),
        ((Verdict.PASS, Verdict.REGRESSION), (), 1, "FAILED: confirmed regression (1 pass, 1 regression)"),
        (
            (Verdict.PASS, Verdict.NEW),
            (),
            3,
            "CANNOT VOUCH: not all of it could be compared (1 pass, 1 new)",
        ),
        ((Verdict.PASS, Verdict.NEW), (Verdict.NEW,), 0, "passed (1 pass, 1 new; allowed: 1 new)"),
        ((Verdict.PASS,), (Verdict.NEW,), 0, "passed (1 pass)"),
        (
            (Verdict.EMPTY, Verdict.NEW, Verdict.PASS, Verdict.NEW),
            (Verdict.NEW, Verdict.EMPTY),
            0,
            "passed (1 pass, 2 new, 1 empty; allowed: 2 new, 1 empty)",
        ),
        (
            (Verdict.REGRESSION, Verdict.NEW),
            (Verdict.NEW,),
            1,
            "FAILED: confirmed regression (1 regression, 1 new; allowed: 1 new)",
        ),
    ],
)
def test_the_result_the_verdicts_counted_and_what_was_waived(
    verdicts: Sequence[Verdict], allowed: Sequence[Verdict], code: int, line: str
) -> None:
    judgements = [Judgement(f"b{number}", verdict, "") for number, verdict in enumerate(verdicts)]
    assert exit_code(judgements, allowed) == code
    assert conclusion(judgements, allowed) == line


@pytest.mark.parametrize("text", ["new,old", "old", "pass", "faster", "NEW"])
def test_a_word_that_is_no_waiver_is_named_with_those_there_are(text: str) -> None:
    with pytest.raises(UsageError, match=f"no verdict to allow '{text.rpartition(',')[2]}'.*there are: changed, crash"):
        waivers(text)


@pytest.mark.parametrize("text", ["", " ", ",", " , ,"])
def test_no_word_waives_nothing(text: str) -> None:
    assert waivers(text) == frozenset()
