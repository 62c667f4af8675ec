"""What each variant leaves out, what the paper is quoted with, and what may be concluded from a few seeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from torch import nn

from impls.hadaptive.ablation import comparison
from impls.hadaptive.ablation.comparison import Trained
from impls.hadaptive.ablation.components import COMPONENTS, VARIANTS
from impls.hadaptive.ablation.estimates import in_percent
from impls.hadaptive.ablation.log import Log
from impls.hadaptive.ablation.study import reported
from impls.hadaptive.ablation.table import markdown
from impls.hadaptive.ach import ACH
from impls.hadaptive.ach_parts.selection import FixedSelection, LearnedSelection, RandomSelection
from impls.hadaptive.network import build
from opbench.errors import UsageError
from opbench.vocabulary.interval import Interval
from opbench.vocabulary.student import mean_interval

from ..training_scenes import TINY

BUILT: dict[str, tuple[type[nn.Module], type[nn.Module], str]] = {
    "full": (nn.Conv2d, LearnedSelection, "DySoft"),
    "no_pointwise": (nn.Identity, LearnedSelection, "DySoft"),
    "no_eca": (nn.Conv2d, RandomSelection, "DySoft"),
    "fixed": (nn.Conv2d, FixedSelection, "DySoft"),
    "bn": (nn.Conv2d, LearnedSelection, "BatchNorm2d"),
    "dysig": (nn.Conv2d, LearnedSelection, "DySig"),
    "dyalge": (nn.Conv2d, LearnedSelection, "DyAlge"),
    "dyt": (nn.Conv2d, LearnedSelection, "DyT"),
}


def test_each_variant_changes_one_part_of_every_hada_block_and_there_are_no_others() -> None:
    assert VARIANTS.keys() == BUILT.keys()
    soft = TINY.with_hada(norm="dysoft")
    for name, want in BUILT.items():
        network = build(soft.with_hada(**VARIANTS[name].changes), 3)
        actual = [one for one in network.modules() if isinstance(one, ACH)]
        assert [(type(one.mix[0]), type(one.select), type(one.norm).__name__) for one in actual] == [want, want], name


def test_the_papers_column_is_quoted_as_such_and_is_of_another_data_set() -> None:
    quoted = {name: one for name, one in reported().items() if name in VARIANTS}
    top1 = {
        "full": 73.57,
        "no_pointwise": 69.27,
        "no_eca": 69.12,
        "fixed": 71.96,
        "bn": 64.39,
        "dysig": 73.14,
        "dyalge": 72.8,
    }
    assert {name: one.top1_percent for name, one in quoted.items()} == top1
    assert all("CIFAR-100" in one.source and "reported by the paper" in one.source for one in quoted.values())


def test_variants_are_chosen_by_name_in_one_order() -> None:
    assert COMPONENTS.chosen("all") == tuple(VARIANTS)
    assert COMPONENTS.chosen("bn, full") == ("full", "bn")
    with pytest.raises(UsageError, match=r"no variant 'bm' of the ablation.*there are: bn, dyalge"):
        COMPONENTS.chosen("full,bm")


def results(**accuracies: list[float]) -> list[Trained]:
    return [Trained(name, seed, one) for name, all_of_it in accuracies.items() for seed, one in enumerate(all_of_it)]


def test_shares_are_printed_in_percent_with_their_interval() -> None:
    assert in_percent(Interval(0.979, 0.98526, 0.9914)) == "98.53 [97.90, 99.14]"
    assert in_percent(Interval(-0.01, 0.02, 0.05), "+") == "+2.00 [-1.00, +5.00]"
    assert in_percent(mean_interval([0.5])) == "50.00 (one seed)"


def test_a_change_is_between_the_same_seeds() -> None:
    """Seeds differ far more than variants here: unpaired, nothing could be told."""
    trained = [*results(full=[0.5, 0.7, 0.9]), Trained("bn", 1, 0.69), Trained("bn", 2, 0.891), Trained("bn", 0, 0.49)]
    full, bn = comparison.rows([*trained, Trained("bn", 9, 0.1)], ("full", "bn"), COMPONENTS)
    assert (full.seeds, full.change, full.reported_change_percent) == (3, None, None)
    assert bn.change is not None
    assert bn.change.mid == pytest.approx((-0.01 - 0.01 - 0.009) / 3)
    assert bn.change.high < 0
    assert bn.seeds == 4
    assert bn.reported_change_percent == pytest.approx(64.39 - 73.57)


VERDICTS = [
    ("bn", [0.80, 0.81, 0.79], "holds: costs accuracy here too"),
    ("bn", [0.95, 0.96, 0.94], "does not hold: gains accuracy here"),
    ("bn", [0.80, 0.99, 0.91], "undecided: no change is within the interval"),
    ("bn", [0.8], "undecided: one seed"),
    ("dyt", [0.80, 0.81, 0.79], "costs accuracy here; the paper has no such row"),
    ("bn", [], ""),
]


@pytest.mark.parametrize(("name", "accuracies", "verdict"), VERDICTS)
def test_a_direction_holds_only_where_the_interval_excludes_no_change(
    name: str, accuracies: list[float], verdict: str
) -> None:
    (row,) = comparison.rows(results(full=[0.9, 0.9, 0.9], **{name: accuracies}), (name,), COMPONENTS)
    assert row.verdict == verdict


def test_the_table_keeps_ours_and_the_papers_apart() -> None:
    rows = comparison.rows(results(full=[0.9, 0.92], bn=[0.8]), ("full", "bn", "dyt"), COMPONENTS)
    actual = markdown(rows, COMPONENTS, "tiny on bars")
    header, _, full, bn, dyt = [line for line in actual.splitlines() if line.startswith("|")]
    assert header.index("ours: test accuracy") < header.index("paper: CIFAR-100 top-1")
    assert "91.00 [78.29, 103.71]" in full
    assert "73.57" in full
    assert "80.00 (one seed)" in bn
    assert "-9.18" in bn
    assert "not trained yet" in dyt
    assert "no such row" in dyt
    assert "reported by the paper (arXiv 2505.22226, figure 3 and table 1), not measured here" in actual
    assert "Ours: tiny on bars" in actual


@pytest.mark.parametrize("seeds", [1, 2])
def test_intervals_are_spoken_of_where_there_are_some(seeds: int) -> None:
    trained = results(full=[0.9, 0.92][:seeds], bn=[0.8, 0.81][:seeds])
    actual = markdown(comparison.rows(trained, ("full", "bn", "dyt"), COMPONENTS), COMPONENTS, "tiny on bars")
    assert ("interval" in actual) == (seeds > 1)
    assert ("Brackets" in actual) == (seeds > 1)


SETTING = {"data": "bars", "epochs": 2, "config": {"layers": [1]}}


def test_a_log_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a" / "trainings.jsonl"
    log = Log(path, SETTING, VARIANTS, resume=False)
    log.add(Trained("bn", 0, 0.5), 1.5)
    log.add(Trained("full", 1, 0.25), 1.5)
    again = Log(path, SETTING, VARIANTS, resume=True)
    assert again.trained == [Trained("bn", 0, 0.5), Trained("full", 1, 0.25)]
    assert again.has("bn", 0)
    assert not again.has("bn", 1)


def test_a_line_that_a_kill_left_half_written_is_dropped_and_others_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "trainings.jsonl"
    log = Log(path, SETTING, VARIANTS, resume=False)
    for seed in range(2):
        log.add(Trained("bn", seed, 0.5), 1.0)
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[:-9], encoding="utf-8")
    again = Log(path, SETTING, VARIANTS, resume=True)
    assert again.trained == [Trained("bn", 0, 0.5)]
    again.add(Trained("bn", 1, 0.5), 1.0)
    assert path.read_text(encoding="utf-8") == whole
    path.write_text(whole.replace('"seed": 0', '"seed": '), encoding="utf-8")
    with pytest.raises(UsageError, match=r"trainings.jsonl, line 2 is damaged: .*; expected a JSON object"):
        Log(path, SETTING, VARIANTS, resume=True)
    path.write_text(whole.replace("bn", "bm"), encoding="utf-8")
    with pytest.raises(UsageError, match="line 2: expected variant, seed and accuracy, found"):
        Log(path, SETTING, VARIANTS, resume=True)


def test_a_log_is_not_overwritten_nor_mixed_with_other_settings(tmp_path: Path) -> None:
    path = tmp_path / "trainings.jsonl"
    Log(path, SETTING, VARIANTS, resume=False).add(Trained("bn", 0, 0.5), 1.0)
    with pytest.raises(UsageError, match="is there already; --resume goes on with it"):
        Log(path, SETTING, VARIANTS, resume=False)
    other = {**SETTING, "epochs": 3, "config": {"layers": [1, 2]}}
    with pytest.raises(
        UsageError, match="other settings: epochs 2 there, 3 here; config of 1 layers there, of 2 layers here"
    ):
        Log(path, other, VARIANTS, resume=True)
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[0]) == SETTING
