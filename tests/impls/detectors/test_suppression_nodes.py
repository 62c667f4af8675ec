"""Post-processing in standard nodes finds what PyTorch finds, for any batch, and so does none at all."""

from __future__ import annotations

from functools import lru_cache

import pytest
import torch
from torch import Tensor

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from impls.detectors.outputs import PAD
from impls.detectors.same_detections import rows, same
from impls.detectors.suppression_nodes import anchor_table, nodes
from impls.exported.onnx_file import IR_VERSION
from impls.exported.onnx_functions import OPSET
from impls.exported.session import started

SIZE, ANCHORS = 64, 516


@lru_cache
def session(classes: int) -> object:
    from onnx import TensorProto, helper

    shapes = {"logits": (ANCHORS, classes), "offsets": (ANCHORS, 4), "y": (100, 6)}
    logits, offsets, y = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape]) for name, shape in shapes.items()
    )
    graph = helper.make_graph(nodes(classes, SIZE), "post", [logits, offsets], [y], [anchor_table(SIZE)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    return started(
        model.SerializeToString(), "nodes", with_library=False, threads=1, provider="CPUExecutionProvider", options={}
    )


def found(logits: Tensor, offsets: Tensor) -> Tensor:
    run = session(logits.shape[2]).run  # type: ignore[attr-defined]
    (answer,) = run(None, {"logits": logits.numpy(), "offsets": offsets.numpy()})
    return torch.from_numpy(answer)


def drawn(batch: int, classes: int, level: float) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(100 * batch + classes)
    logits = level + 2 * torch.randn((batch, ANCHORS, classes), generator=random)
    return logits, torch.randn((batch, ANCHORS, 4), generator=random)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("classes", "level"), [(1, -3.0), (3, -6.0), (7, 0.0), (7, -12.0)])
def test_each_image_has_the_boxes_that_pytorch_finds(batch: int, classes: int, level: float) -> None:
    logits, offsets = drawn(batch, classes, level)
    got, want = found(logits, offsets), rows(logits, offsets, SIZE)
    assert got.shape == (batch, 100, 6)
    assert all(same(one, other) for one, other in zip(got, want, strict=True))


def test_all_hundred_may_be_of_one_class() -> None:
    logits, offsets = drawn(1, 3, 0.0)
    logits[:, :, 1:] = -9.0
    got = found(logits, offsets / 9)
    assert (got[0, :, 5] == 0).sum() > 50
    assert same(got[0], rows(logits, offsets / 9, SIZE)[0])


def test_the_best_comes_first_and_of_equals_the_first_anchor() -> None:
    logits, offsets = torch.full((1, ANCHORS, 3), -9.0), torch.zeros(1, ANCHORS, 4)
    logits[0, 0, 2], logits[0, 200, 1], logits[0, 400, 0] = 1.0, 2.0, 1.0
    got = found(logits, offsets)[0]
    assert got[:4, 5].tolist() == [1, 2, 0, -1]
    torch.testing.assert_close(got, rows(logits, offsets, SIZE)[0])


def test_of_scores_that_are_all_1_the_higher_logit_is_better() -> None:
    logits, offsets = drawn(1, 3, 0.0)
    logits = 40 + 5 * logits
    got = found(logits, offsets)[0]
    assert float(got[:, 4].min()) > 1 - 1e-6
    torch.testing.assert_close(got, rows(logits, offsets, SIZE)[0])


def test_an_image_without_anything_has_padding_alone_beside_one_that_has_something() -> None:
    logits, offsets = drawn(2, 3, -6.0)
    logits[0] = -9.0
    got = found(logits, offsets)
    assert (got[0] == torch.tensor(PAD)).all()
    assert got[1, 0, 4] > 0.01


def test_a_box_outside_the_image_and_one_that_is_no_number_are_none() -> None:
    logits, offsets = torch.full((1, ANCHORS, 3), -9.0), torch.zeros(1, ANCHORS, 4)
    logits[0, [0, 1, 400], 2] = torch.tensor([3.0, 2.0, 1.0])
    offsets[0, 0, 0], offsets[0, 1, 3] = -1000.0, torch.nan
    got = found(logits, offsets)[0]
    assert got[:2, 5].tolist() == [2, -1]
    torch.testing.assert_close(got, rows(logits, offsets, SIZE)[0])


def test_logits_that_are_no_numbers_hide_no_others() -> None:
    """More of them than are looked at."""
    logits, offsets = torch.full((1, ANCHORS, 3), torch.nan), torch.zeros(1, ANCHORS, 4)
    logits[0, 300:, 2] = -9.0
    logits[0, [3, 400], 1] = torch.tensor([1.0, 2.0])
    got = found(logits, offsets)[0]
    assert got[:3, 5].tolist() == [1, 1, -1]
    torch.testing.assert_close(got, rows(logits, offsets, SIZE)[0])
