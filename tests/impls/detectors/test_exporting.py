"""Both files of a detector find the same boxes as PyTorch, in a stock ONNX Runtime and with our library."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor

pytest.importorskip("onnxscript", reason="onnxscript is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from onnx import ModelProto, helper

from impls.detectors import exporting, same_detections, suppression_nodes
from impls.detectors.exporting import export, with_boxes
from impls.detectors.outputs import flat
from impls.detectors.same_detections import rows, same
from impls.exported.export import exported
from impls.exported.names import DOMAIN
from impls.exported.onnx_file import read
from impls.exported.runtime_backend import launch_on
from impls.exported.session import open_file
from impls.hadaptive.detection.model.detector import Detector
from opbench.errors import UsageError

from .conftest import CLASSES, SIZE

BOTH = [pytest.param(False, id="stock"), pytest.param(True, id="with our library", marks=pytest.mark.compiler)]


def images(batch: int) -> Tensor:
    return torch.rand((batch, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(batch))


@pytest.fixture(scope="module")
def files(tiny: Detector, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of scores and offsets, and of boxes. The network is exported once for both."""
    folder = tmp_path_factory.mktemp("detectors")
    plain = exported(tiny, (1, 3, SIZE, SIZE), ("logits", "offsets"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(exporting, "exported", lambda *_: plain)
        return export(tiny, folder / "plain.onnx", SIZE), export(tiny, folder / "boxes.onnx", SIZE, nms=True)


def test_a_file_says_what_it_gives_and_holds_ours_as_nodes(files: tuple[Path, Path]) -> None:
    for path, outputs in zip(files, (["logits", "offsets"], ["y"]), strict=True):
        file = read(path)  # which goes by the sum that is in it
        assert [one.name for one in file.graph.output] == outputs
        assert [node.op_type for node in file.graph.node if node.domain == DOMAIN] == ["AchSelectExpand"]
    assert "NonMaxSuppression" in {node.op_type for node in file.graph.node}


@pytest.mark.parametrize("with_library", BOTH)
def test_boxes_of_both_files_are_those_of_pytorch_at_any_batch(
    files: tuple[Path, Path], tiny: Detector, with_library: bool
) -> None:
    plain, boxes = (open_file(path, with_library=with_library) for path in files)
    for batch in (1, 3):
        x = images(batch)
        logits, offsets = tiny(x)
        want = rows(logits, offsets, SIZE)
        assert (want[:, 0, 5] >= 0).all()
        scores, coded = (torch.from_numpy(one) for one in plain.outputs(x.numpy()))
        from_plain = rows(scores, coded, SIZE)
        inside = torch.from_numpy(boxes(x.numpy()))
        for one, other, third in zip(want, from_plain, inside, strict=True):
            assert same(one, other)
            assert same(one, third)


def test_a_launch_has_both_outputs_in_one_new_tensor_and_reads_its_input_anew(
    files: tuple[Path, Path], tiny: Detector
) -> None:
    x = images(2)
    launch = launch_on(open_file(files[0], with_library=False), "cpu", x)
    first, second = launch(), launch()
    assert first.data_ptr() != second.data_ptr()
    torch.testing.assert_close(first, flat(*tiny(x)), rtol=1e-4, atol=1e-4)
    x.mul_(0.5)
    torch.testing.assert_close(launch(), flat(*tiny(x)), rtol=1e-4, atol=1e-4)


def test_a_file_that_finds_other_boxes_is_not_written(
    files: tuple[Path, Path], tiny: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = read(files[0])
    monkeypatch.setattr(exporting, "exported", lambda *_: plain)
    monkeypatch.setattr(suppression_nodes, "WEIGHTS", (9.0, 10.0, 5.0, 5.0))
    with pytest.raises(UsageError, match=f"of {CLASSES} classes finds other boxes in 6 of 6 samples"):
        export(tiny, tmp_path / "boxes.onnx", SIZE, nms=True)
    assert list(tmp_path.iterdir()) == []


def finding_nothing(plain: ModelProto) -> ModelProto:
    """The same network with logits lower by 30."""
    quiet = copy.deepcopy(plain)
    for node in quiet.graph.node:
        node.output[:] = ["loud" if name == "logits" else name for name in node.output]
    less = helper.make_node("Constant", [], ["less"], value_float=30.0)
    quiet.graph.node.extend([less, helper.make_node("Sub", ["loud", "less"], ["logits"])])
    return quiet


@pytest.mark.parametrize(("constant", "wrong"), [("OVERLAP", 0.9), ("WEIGHTS", (1.0, 1.0, 1.0, 1.0)), ("SCORE", 0.05)])
def test_nodes_behind_a_detector_that_finds_nothing_are_checked_all_the_same(
    files: tuple[Path, Path], tiny: Detector, constant: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = finding_nothing(read(files[0]))
    with_boxes(quiet, tiny, SIZE)
    monkeypatch.setattr(suppression_nodes, constant, wrong)
    with pytest.raises(UsageError, match=r"finds other boxes in \d of 6 samples"):
        with_boxes(quiet, tiny, SIZE)


def test_a_sample_without_a_detection_decides_nothing(
    files: tuple[Path, Path], tiny: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(same_detections, "_of_drawn", lambda *_: [])
    with pytest.raises(UsageError, match="could not be told: rounding decides all of 4 samples, or nothing is found"):
        with_boxes(finding_nothing(read(files[0])), tiny, SIZE)


def test_a_size_that_has_no_anchors_is_refused_before_anything_is_exported(tiny: Detector, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="images of 100 pixels; expected a multiple of 64"):
        export(tiny, tmp_path / "boxes.onnx", 100)
