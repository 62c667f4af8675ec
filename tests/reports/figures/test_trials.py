"""The figure of what tuning tried: sorted, the best marked, failures told."""

from __future__ import annotations

from dataclasses import replace

from opbench.vocabulary.record import Record, Trial
from reports.figures.trials import REPORT, tuned_cases

from ..builders import measured, record

TRIALS = (Trial("block=64", 3e-5), Trial("block=128", 1e-5), Trial("block=256", None, "out of <shared> memory"))


def tuned(*trials: Trial, backend: str = "triton_jit") -> Record:
    return record(replace(measured(), trials=trials or TRIALS), backend)


def test_records_without_trials_make_no_figure() -> None:
    assert REPORT.render([record()]) == []


def test_where_no_configuration_ran_there_is_nothing_to_draw() -> None:
    assert REPORT.render([tuned(TRIALS[2])]) == []


def test_the_quickest_comes_first_and_the_failed_stand_apart() -> None:
    (found,) = tuned_cases([tuned()])
    assert [trial.configuration for trial in found.ran] == ["block=128", "block=64"]
    assert [trial.configuration for trial in found.failed] == ["block=256"]


def test_the_best_is_marked_and_the_others_are_held_against_it() -> None:
    (artifact,) = REPORT.render([tuned()])
    text = artifact.data.decode()
    assert "<!-- 10.0 µs  best -->" in text
    assert "<!-- 30.0 µs  3.00× -->" in text
    assert "block=256" not in text


def test_failures_are_told_with_their_reason_once() -> None:
    second = Trial("block=512", None, "out of <shared> memory")
    (artifact,) = REPORT.render([tuned(*TRIALS, second)])
    assert "Could not run: block=256, block=512 (out of <shared> memory)." in artifact.caption


def test_of_very_many_the_quickest_are_drawn() -> None:
    many = [Trial(f"c{step}", 1e-6 * (step + 1)) for step in range(53)]
    (artifact,) = REPORT.render([tuned(*many)])
    assert "<!-- c39 -->" in artifact.data.decode()
    assert "<!-- c40 -->" not in artifact.data.decode()
    assert "Only the quickest 40 of up to 53" in artifact.caption
