"""The command exports a training's checkpoint, and refuses what is none in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from impls.detectors import __main__ as command
from impls.hadaptive.detection.model.detector import Detector
from impls.hadaptive.detection.training import checkpoint


def test_it_exports_the_checkpoints_detector_as_it_is_asked_to(
    tiny: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []

    def export(detector: Detector, path: Path, size: int, *, nms: bool) -> Path:
        asked.extend((detector, path, size, nms))
        return path

    monkeypatch.setattr(command, "export", export)
    monkeypatch.setattr(checkpoint, "load", lambda path: (tiny, (path.stem, "bus")))
    assert command.main([str(tmp_path / "cat.pt"), str(tmp_path / "ssd.onnx"), "--nms", "--size", "128"]) == 0
    assert asked == [tiny, tmp_path / "ssd.onnx", 128, True]
    assert capsys.readouterr().out == f"{tmp_path}/ssd.onnx: x (batch, 3, 128, 128) from 0 to 1; classes cat, bus\n"


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([str(tmp_path / "absent.pt"), str(tmp_path / "ssd.onnx")]) == 2
    assert capsys.readouterr().err.startswith(f"detectors: no checkpoint {tmp_path}/absent.pt")
    assert list(tmp_path.iterdir()) == []
