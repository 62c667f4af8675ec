"""The figures of fusions and masks: what they are of, and files that are not theirs refused in one line."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from matplotlib.axes import Axes

from reports.hadaptive import fusion_masks, fusion_views

HEAD = "task,fusion,parameters,rate,steps,trained,tested,seed,accuracy\n"


def views(path: Path) -> Path:
    pairs = ((0, 0), (2, 2), (0, 2))
    lines = [
        f"{task},{fusion},9,0.1,1,{trained},{tested},{seed},{0.9 - trained / 10 + seed / 100}"
        for task in ("halves", "copy")
        for fusion in ("sum", "product")
        for trained, tested in pairs
        for seed in (0, 1, 2)
    ]
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_views_without_noise_are_in_both_panels_and_the_others_in_one(tmp_path: Path) -> None:
    found = fusion_views.read(views(tmp_path / "views.csv"))
    assert {key[2:] for key in found} == {(True, 0.0), (False, 0.0), (True, 2.0), (False, 2.0)}
    assert found["halves", "sum", True, 2.0] == pytest.approx([0.7, 0.71, 0.72])
    assert found["halves", "sum", False, 2.0] == pytest.approx([0.9, 0.91, 0.92])


def test_bars_are_students_and_one_seed_has_none_which_the_panel_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    halves: list[list[float]] = []
    monkeypatch.setattr(Axes, "errorbar", lambda _, at, mids, bars, **__: halves.append(bars))
    shares = fusion_views.read(views(tmp_path / "views.csv"))
    assert b"one seed" not in fusion_views.figure(shares)
    assert halves[0] == pytest.approx([4.302653 * 0.01 / 3**0.5] * 2)  # two degrees of freedom
    halves.clear()
    assert b"one seed has no interval" in fusion_views.figure({key: values[:1] for key, values in shares.items()})
    assert all(math.isnan(half) for bars in halves for half in bars)


def test_both_figures_are_drawn_and_the_same_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = {"task": "8 of 64", "penalty": 0.01, "seed": 0, "gates": [0.1, 1.9, 1.8], "useful": [False, True, True]}
    rows = [line | {"variant": name} for name in ("none", "learned", "penalised")]
    rows.append(line | {"variant": "learned", "useful": None})
    masks = tmp_path / "masks.jsonl"
    masks.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for module, source in ((fusion_views, views(tmp_path / "views.csv")), (fusion_masks, masks)):
        target = tmp_path / f"{source.stem}.svg"
        assert module.main([str(source), str(target)]) == 0
        first = target.read_bytes()
        assert b"<svg" in first
        assert module.main([str(source), str(target)]) == 0
        assert target.read_bytes() == first
    assert capsys.readouterr().out.count(".svg") == 4


def test_other_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = tmp_path / "odd.csv"
    for module, text, said in (
        (fusion_views, "a,b\n1,2\n", "is not of impls.fusion.views"),
        (fusion_views, HEAD + "halves,mean,9,0.1,1,0,0,0,0.9\n", "has the fusion 'mean'; there are: product"),
        (fusion_views, HEAD, "no accuracies"),
        (fusion_masks, "{}\n", "is not of impls.fusion.mask"),
        (fusion_masks, "", "no learned gates"),
        (fusion_views, HEAD + '"' + "x" * 200_000 + '"\n', "is not of impls.fusion.views"),
        (fusion_views, HEAD + "halves,sum,9,0.1,1,0,0,0,0.9\nhalves,product,9,0.1,1,2,2,0,0.9\n", "does not fit"),
        (fusion_masks, '{"useful": [true]}\n', "does not fit"),
        (fusion_masks, '{"useful": [true], "task": "a", "variant": "learned", "penalty": 0, "gates": []}\n', "not fit"),
    ):
        odd.write_text(text, encoding="utf-8")
        assert module.main([str(odd), str(tmp_path / "x.svg")]) == 2
        assert re.search(said, capsys.readouterr().err)
    assert fusion_masks.main(["one"]) == 2
    assert fusion_views.main([str(tmp_path / "none"), "x"]) == 2
    assert "expected the CSV of `python -m impls.fusion.views --records`" in capsys.readouterr().err
