"""The figure of what is missing of each frequency: its intervals, its lines, and files that are none of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes

from opbench.errors import UsageError
from reports.polynomial.spectral_bias import FORMAT, main, spectral_figure

BAND = [(0.75 * share, 12.706204736 * 0.25 * share) for share in (1.0, 0.7, 0.1)]
"""Of each look the mean of share and share / 2, and half of Student's interval with one degree of freedom."""


def result() -> dict[str, Any]:
    record = {
        "subject": "NCP 4",
        "degree": 4,
        "parameters": 1234,
        "rate": 0.01,
        "looks": [0, 1, 8],
        "missing": [[[share / seed] * 3 for seed in (1, 2)] for share in (1.0, 0.7, 0.1)],
    }
    return {"format": FORMAT, "periods": [1, 2, 4, 8, 16, 32, 64][:3], "frequencies": [record]}


def whole() -> dict[str, Any]:
    """With as many periods as there are colours."""
    found = result()
    found["periods"] = [1, 2, 4, 8, 16, 32, 64]
    for record in found["frequencies"]:
        record["missing"] = [[[value[0]] * 7 for value in look] for look in record["missing"]]
    return found


def test_one_seed_has_a_line_and_no_band_and_the_panel_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    bands: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Axes, "fill_between", lambda _, *given, **__: bands.append(given))
    assert b"one seed" not in spectral_figure(whole())
    assert len(bands) == 7
    assert bands[0][1] == pytest.approx([mid - half for mid, half in BAND])
    assert bands[0][2] == pytest.approx([mid + half for mid, half in BAND])
    alone = whole()
    alone["frequencies"][0]["missing"] = [look[:1] for look in alone["frequencies"][0]["missing"]]
    assert b"one seed" in spectral_figure(alone)
    assert len(bands) == 7


def test_the_same_records_are_the_same_bytes() -> None:
    drawn = spectral_figure(whole())
    assert drawn.startswith(b"<?xml")
    assert drawn == spectral_figure(whole())


def test_a_file_becomes_a_figure(tmp_path: Path) -> None:
    (tmp_path / "spectrum.json").write_text(json.dumps(whole()), encoding="utf-8")
    assert main([str(tmp_path / "spectrum.json"), str(tmp_path / "figure.svg")]) == 0
    assert (tmp_path / "figure.svg").read_bytes() == spectral_figure(whole())


def test_what_is_no_spectrum_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match=r"question 'digits'; expected the spectrum\.json"):
        spectral_figure({"format": FORMAT, "question": "digits"})
    source = tmp_path / "spectrum.json"
    for text in ("{", "[]", json.dumps({"format": FORMAT, "frequencies": [{}]}), json.dumps(result())):
        source.write_text(text, encoding="utf-8")
        assert main([str(source), str(tmp_path / "figure.svg")]) == 2
    assert main([str(tmp_path / "none.json"), "figure.svg"]) == 2
    assert main([]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 6
    assert not (tmp_path / "figure.svg").exists()
