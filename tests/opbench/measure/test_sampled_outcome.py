"""What samples come to: from which share of preempted ones on a figure is marked, and what is said beside it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from opbench.measure.sampled_outcome import Prepared, outcome_of
from opbench.measure.timing.sampler import CONTENDED, Samples
from opbench.vocabulary.backend import Figured
from opbench.vocabulary.record import Check, Contended, Measured, Trial

PASSED = Check(True, 7, 0, 0.0, 0.0, 1e-6, 0.0)
OTHERS = "others used 0.97 of 2 cores"
LEAK = "its turns took 7 MiB for good"


def outcome(kept: int, preempted: int, disturbed: str = "", leak: str = "", **told: Any) -> Measured | Contended:
    samples = Samples(samples_s=[1e-3] * kept, preempted=preempted, stopped=told.pop("stopped", "target"), **told)
    return outcome_of(samples, Prepared(0.5, check=PASSED), disturbed, leak)


@pytest.mark.parametrize(
    ("kept", "preempted", "marked"), [(7, 0, False), (75, 25, False), (74, 26, True), (3, 2, True)]
)
def test_a_figure_is_marked_where_more_than_a_quarter_of_its_samples_were_preempted(
    kept: int, preempted: int, marked: bool
) -> None:
    found = outcome(kept, preempted)
    assert isinstance(found, Measured)
    said = f"{preempted} of {kept + preempted} samples were preempted"
    assert found.contention == (said if marked else "")
    assert found.warnings == ((f"contended: {said}",) if marked else ())
    assert found.preempted == preempted


def test_beside_others_a_figure_is_marked_whatever_was_preempted() -> None:
    for preempted, said in ((0, OTHERS), (1, f"{OTHERS}, 1 of 100 samples were preempted")):
        found = outcome(100 - preempted, preempted, OTHERS)
        assert isinstance(found, Measured)
        assert (found.contention, found.warnings) == (said, (f"contended: {said}",))


def test_memory_that_was_not_given_back_is_a_warning_and_no_contention() -> None:
    quiet, beside = outcome(7, 0, leak=LEAK), outcome(7, 0, OTHERS, LEAK)
    assert isinstance(quiet, Measured)
    assert isinstance(beside, Measured)
    assert (quiet.contention, quiet.warnings) == ("", (LEAK,))
    assert beside.warnings == (f"contended: {OTHERS}", LEAK)


def test_what_lost_its_patience_has_no_latency_and_says_why() -> None:
    found = outcome(3, 9, OTHERS, stopped=CONTENDED)
    assert found == Contended(
        f"{OTHERS}, 9 of 12 samples were preempted; measured again by --resume, when the machine is quieter"
    )


def test_all_that_was_learned_of_a_launch_is_in_its_outcome() -> None:
    trial = Trial("block=32", 1e-4)
    samples = Samples(5, 10, 0.01, 0.1, 2, 0.02, 3, "settled", [1e-3, 2e-3, 1.5e-3])
    prepared = Prepared(0.5, Figured(lambda: torch.zeros(1), {"load_s": 0.25}, (trial,)), PASSED)
    assert outcome_of(samples, prepared, "", "") == Measured(
        check=PASSED,
        samples_s=(1e-3, 2e-3, 1.5e-3),
        calls_per_sample=5,
        stopped="settled",
        prepare_s=0.5,
        warmup_calls=10,
        warmup_s=0.01,
        sampling_s=0.1,
        page_faults=3,
        preempted=2,
        contention="2 of 5 samples were preempted",
        warnings=("contended: 2 of 5 samples were preempted",),
        figures={"load_s": 0.25},
        trials=(trial,),
    )
