"""Fusions: equal parameters, what each is by hand, noise where it is said to be, and tables from records."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch

from impls.fusion import fusions, mask, stacked, views
from impls.fusion.fusions import FUSIONS
from impls.fusion.options import check_writable
from impls.fusion.two_views import INPUTS, Viewed
from impls.fusion.two_views import views as drawn
from impls.fusion.view_records import Scored
from impls.fusion.view_tables import accuracies_table, winners_table
from opbench.errors import UsageError


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


@pytest.mark.parametrize("task", INPUTS)
def test_all_fusions_have_as_many_parameters_within_two_percent(task: str) -> None:
    for name, fusion in FUSIONS.items():
        size = stacked.count(fusions.fitting(fusion, INPUTS[task], views.MOST))
        assert 0.98 * views.MOST < size <= views.MOST, name


def test_a_model_that_nothing_fits_is_refused() -> None:
    with pytest.raises(UsageError, match=r"50 parameters; expected \d+ at least"):
        fusions.fitting(FUSIONS["sum"], (32, 32), 50)


def test_fusions_are_what_they_are_called() -> None:
    left, right = torch.tensor([[[2.0, 3.0]]]), torch.tensor([[[5.0, 7.0]]])
    want = {
        "product": [10, 21], "concatenation": [2, 3, 5, 7], "sum": [7, 10], "sum and product": [17, 31],
        "clean view alone": [2, 3],
    }  # fmt: skip
    for name, numbers in want.items():
        assert FUSIONS[name].fuse({}, left, right).flatten().tolist() == numbers, name


def test_cross_attention_weighs_the_other_views_tokens_by_their_likeness() -> None:
    width, token = 16, fusions.TOKEN
    parameters = {f"a_{which}": torch.eye(token)[None] for which in ("query", "key", "value", "out")}
    asking, asked = torch.zeros(1, 1, width), torch.randn(1, 1, width, generator=torch.Generator().manual_seed(0))
    mean = asked.reshape(2, token).mean(0)  # a query of zeros likes all tokens alike
    found = fusions.attended(parameters, asking, asked, "a").reshape(2, token)
    assert torch.allclose(found, mean.expand(2, -1))
    asking = 1000 * asked.reshape(2, token)[1].repeat(2).reshape(1, 1, width)
    likeliest = int((asked.reshape(2, token) @ asking[0, 0, :token]).argmax())
    found = fusions.attended(parameters, asking, asked, "a").reshape(2, token)
    assert torch.allclose(found, asked.reshape(2, token)[likeliest].expand(2, -1))


@pytest.mark.parametrize("name", FUSIONS)
def test_only_the_clean_view_alone_does_not_see_the_other_one(name: str) -> None:
    parameters = stacked.initial(fusions.fitting(FUSIONS[name], (32, 32), 2000), (0,))
    random = torch.Generator().manual_seed(0)
    a, b, other = (torch.randn(1, 3, 32, generator=random) for _ in range(3))
    logits = partial(fusions.logits, FUSIONS[name], parameters)
    assert torch.equal(logits(a, b), logits(a, other)) == (name == "clean view alone")
    assert not torch.equal(logits(a, b), logits(other, b))


def test_halves_are_columns_of_the_image_and_noise_is_in_the_second_view_alone() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    halves, copies = drawn("halves", (0, 1))["test"], drawn("copy", (0, 1))["test"]
    image = copies.a.reshape(2, -1, 8, 8)
    assert torch.equal(halves.a.reshape(2, -1, 8, 4), image[..., :4])
    assert torch.equal(halves.b.reshape(2, -1, 8, 4), image[..., 4:])
    a, b = copies.noisy((0.0, 2.0), rescaled=False)
    assert torch.equal(a, copies.a.repeat(2, 1, 1))
    assert torch.equal(b[:2], copies.b)
    assert float((b[2:] - copies.b).std()) == pytest.approx(2, rel=0.02)
    assert float(copies.noisy((2.0,), rescaled=True)[1].var()) == pytest.approx(1, rel=0.1)


def test_a_study_in_small_has_every_condition(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                              monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    monkeypatch.setattr(views, "NOISE", (0.0, 2.0))
    path = tmp_path / "views.csv"
    assert views.main(["--seeds", "0,1", "--steps", "2", "--records", str(path), "--tasks", "halves"]) == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(FUSIONS) * 3 * 2
    assert capsys.readouterr().out.count("| halves | 0 | 2 |") == 2
    assert views.main(["--steps", "0"]) == 2


def test_a_place_that_cannot_be_written_is_refused_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(*_: object) -> None:
        raise AssertionError("trained for records that cannot be written")

    monkeypatch.setattr(views, "tested", trained)
    monkeypatch.setattr(mask, "rows", trained)
    path = tmp_path / "no" / "records"
    hint = f"cannot write {path} (No such file or directory); name a file in a folder that exists, with --records"
    assert views.main(["--records", str(path)]) == 3
    assert mask.main(["--records", str(path)]) == 3
    assert capsys.readouterr().err.splitlines() == [f"views: {hint}", f"mask: {hint}"]
    kept = tmp_path / "kept"
    kept.write_text("before", encoding="utf-8")
    for each in (kept, tmp_path / "new"):
        check_writable(each)
    assert kept.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [kept]


def test_a_difference_within_what_seeds_differ_by_is_not_bold() -> None:
    results = [
        Scored("halves", name, 9, 0.1, 1, 0.0, 0.0, seed, 0.9 + extra + seed / 1000 * (1 + (name == "sum")))
        for name, extra in zip(FUSIONS, (0.02, 0.0, 0.0188, 0.0, 0.0, 0.0), strict=True)
        for seed in (0, 1, 2)
    ]
    (row,) = list(winners_table(results))[2:]
    assert "| product | sum: +0.02 [" in row
    assert row.count("**+2.00 [+2.00, +2.00]**") == 4
    assert "92.10 [91.85, 92.35]" in list(accuracies_table(results))[-1]


def test_noise_changes_only_what_a_training_sees_of_the_second_view() -> None:
    part = Viewed(torch.ones(1, 2, 3), torch.ones(1, 2, 3), torch.full((1, 2, 3), 2.0), torch.zeros(1, 2).long())
    a, b = part.noisy((0.0, 1.0), rescaled=True)
    assert set(a.flatten().tolist()) == {1.0}
    assert b[:, 0, 0].tolist() == pytest.approx([1.0, 3 / 2**0.5])
