"""The study's parts: what is missing of a frequency, one training beside others, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from impls.polynomial.modules import Mlp
from impls.polynomial.pi_net.definition import Recursion
from impls.polynomial.study.__main__ import main
from impls.polynomial.study.extrapolation import extrapolated
from impls.polynomial.study.spectrum import PERIODS, Sines, grid, learned, looks, when_learned
from impls.polynomial.study.stability import REMEDIES, _size
from impls.polynomial.study.subjects import mlp, pi_net
from impls.polynomial.study.tables import spectrum_table, stability_table
from impls.polynomial.study.training import Cohort, Plan, best_rate, clip_each


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


def test_of_the_target_nothing_is_missing_and_of_nothing_all() -> None:
    sines = Sines.drawn((0, 1))
    values = sines.at(grid(256)).squeeze(-1)
    assert sines.missing(values).max() < 1e-4
    torch.testing.assert_close(sines.missing(0 * values), torch.ones(2, len(PERIODS)))
    torch.testing.assert_close(values.square().mean(1), torch.ones(2), rtol=1e-3, atol=0)


def test_one_frequency_that_is_left_out_is_missing_and_no_other() -> None:
    sines = Sines.drawn((3,))
    without = Sines(sines.amplitudes * (torch.tensor(PERIODS) != 8)).at(grid(300)).squeeze(-1)
    missing = sines.missing(without)[0]
    assert (missing > 0.5).tolist() == [period == 8 for period in PERIODS]


def test_looks_go_from_the_start_to_the_last_step_and_grow_apart() -> None:
    assert looks(1) == (0, 1)
    assert looks(10) == (0, 1, 2, 3, 4, 5, 6, 7, 8, 10)
    assert looks(1000)[-3:] == (724, 861, 1000)


def test_a_frequency_is_learned_from_when_it_stays_learned() -> None:
    shares = [[1.0, 0.05], [0.05, 0.5], [0.2, 0.09], [0.01, 0.08], [0.02, float("nan")]]
    record = {"looks": [0, 1, 2, 3, 4], "missing": [[[share] * len(PERIODS) for share in look] for look in shares]}
    assert when_learned(record, 4) == [3, None]


def test_a_network_trains_the_same_beside_others_as_alone() -> None:
    x, y = torch.linspace(-1, 1, 9)[:, None], torch.linspace(-1, 1, 9)[:, None] ** 2

    def outputs(seeds: tuple[int, ...], rates: tuple[float, ...]) -> torch.Tensor:
        cohort = Cohort(lambda networks: Mlp(1, 1, hidden=5, layers=2, networks=networks), Plan(seeds, rates, 20))
        for _ in cohort.steps(lambda _: (cohort(x) - y).square().mean((-2, -1))):
            pass
        return cohort(x).detach()

    torch.testing.assert_close(outputs((0, 4), (1e-3, 1e-2))[1, 1], outputs((4,), (1e-2,))[0, 0])


def test_a_gradient_is_clipped_by_its_own_networks_norm() -> None:
    first, second = torch.zeros(3, 2), torch.zeros(3)
    first.grad, second.grad = torch.tensor([[3.0, 0], [0.3, 0], [torch.inf, 1]]), torch.tensor([4.0, 0.4, 1])
    clip_each([first, second], 1.0)
    torch.testing.assert_close(first.grad[:2], torch.tensor([[0.6, 0], [0.3, 0]]))
    torch.testing.assert_close(second.grad, torch.tensor([0.8, 0.4, 1]))


def test_the_best_rate_has_the_least_median_and_what_is_not_finite_is_worst() -> None:
    nan, inf = float("nan"), float("inf")
    assert best_rate(torch.tensor([[1.0, 2, 9], [1.5, 1.6, 99], [0, nan, inf]])) == 1


def test_far_away_a_polynomial_grows_with_its_degree_and_relus_with_the_first_power() -> None:
    plan = Plan((0, 1), (1e-2,), 3)
    grown = extrapolated(pi_net(1, 1, 3, Recursion("ncp")), "cubic", plan)["growth"]
    assert grown == pytest.approx([3, 3], abs=0.2)
    assert extrapolated(mlp(1, 1, layers=2), "cubic", plan)["growth"] == pytest.approx([1, 1], abs=0.02)


def test_a_record_repeats_and_tells_the_subjects_own_size() -> None:
    subject, plan = pi_net(1, 1, 4, Recursion("ncp")), Plan((0,), (1e-2,), 2)
    record = learned(subject, plan)
    assert record == learned(subject, plan)
    assert record["parameters"] <= 2000
    assert len(record["missing"]) == len(record["looks"])
    assert len(list(spectrum_table([record]))) == 3


def test_the_table_tells_how_many_trainings_were_lost() -> None:
    record = {"dtype": "float16", "degree": 16, "remedy": REMEDIES[0].name, "rates": [0.1]}
    lines = list(stability_table([{**record, "right": [[0.9, 0.0]], "finite": [[True, False]]}]))
    assert "45.0 (0.0 at worst), 1 of 2 not finite" in lines[2]
    assert _size(torch.tensor([3.0, -4.0])) == pytest.approx([12.5**0.5, 4])


def test_a_question_is_answered_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--only", "extrapolation", "--seeds", "0,1", "--share", "0.001", "--results", str(tmp_path)]
    assert main(words) == 0
    kept = json.loads((tmp_path / "polynomial" / "extrapolation.json").read_text(encoding="utf-8"))
    assert (kept["steps"], kept["seeds"]) == (1, [0, 1])
    assert capsys.readouterr().out.count("| cubic |") == 6


def test_options_that_mean_nothing_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--only", "spectra"], ["--share", "0"], ["--seeds", "1,1"], ["--threads", "-1"]):
        assert main([*words, "--results", str(tmp_path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("study: no question 'spectra'")
    assert said[1] == "study: --share is 0.0; expected a number above 0, at most 1"
    assert len(said) == 4
