"""The Triton kernels of boxes: under the interpreter, on the device where there is one, and as compiled for one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import impls.boxes
import opbench.ptx
from impls import seeded
from impls.boxes.box_decode.operator import decoded
from impls.boxes.box_iou.operator import overlaps
from impls.boxes.nms.reference import survivors
from opbench.errors import UsageError

from ...compiled import release, remembered
from ..on_ptx import checked_on_ptx
from .subjects import crowded, drawn_classes, odd, tied

pytest.importorskip("triton", reason="triton is not installed")

from impls.cross_hadamard.gpu.triton_kernels import language

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
DTYPES = (torch.float32, torch.float64)


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (18, 67), (37, 1), (0, 5), (5, 0)])
def test_overlaps_are_the_definitions(rows: int, columns: int, dtype: torch.dtype) -> None:
    from impls.boxes.gpu import launches

    boxes, others = odd(dtype)[:rows].repeat(3, 1)[:rows], crowded(columns, 1, dtype)
    found = launches.box_iou(boxes.to(DEVICE), others.to(DEVICE)).cpu()
    torch.testing.assert_close(found, overlaps(boxes, others), equal_nan=True, rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(("count", "threshold"), [(0, 0.5), (1, 0.5), (131, 0.6), (67, 0.0), (67, 1.0)])
def test_the_same_boxes_survive(count: int, threshold: float, dtype: torch.dtype) -> None:
    from impls.boxes.gpu import launches

    boxes, scores, classes = crowded(count, 2, dtype), tied(count, 2, dtype), drawn_classes(count, 3)
    found = launches.nms(scores.to(DEVICE), boxes.to(DEVICE), classes.to(DEVICE), threshold).tolist()
    want = survivors(boxes.numpy(), scores.numpy(), classes.numpy(), threshold).tolist()
    assert found == want + [-1] * (count - len(want))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("clip", [0, 7])
def test_decoded_boxes_are_the_definitions(clip: int, dtype: torch.dtype) -> None:
    from impls.boxes.gpu import launches

    random = torch.Generator().manual_seed(0)
    offsets, anchors = torch.randn(3, 131, 4, generator=random).mul(3).to(dtype), crowded(131, 1, dtype)
    offsets[0, 5] = 40
    found = launches.box_decode(offsets.to(DEVICE), anchors.to(DEVICE), clip).cpu()
    close = 1e-4 if dtype == torch.float32 else 1e-11
    torch.testing.assert_close(found, decoded(offsets, anchors, clip), equal_nan=True, rtol=close / 10, atol=close)
    assert launches.box_decode(offsets[:0], anchors).shape == (0, 131, 4)


def test_more_boxes_than_one_program_goes_through_are_refused() -> None:
    from impls.boxes.gpu import launches

    boxes = torch.zeros(65_537, 4)
    with pytest.raises(UsageError, match="65537 boxes; the Triton kernels take at most 65536"):
        launches.nms(boxes[:, 0], boxes, boxes[:, 0].long(), 0.5)


def test_compiled_for_a_gpu_they_are_right_on_the_ptx_machine() -> None:
    """IEEE divisions and no fused multiply-add, or other boxes would survive; no race, nothing unwritten."""
    sources = Path(impls.boxes.__file__).parent
    told = remembered(["boxes", release("triton"), *_beside()], sources, _checked)
    assert re.search(r"triton_jit \d+ passed", told)
    assert "mismatch" not in told


def _beside() -> list[str]:
    """The text of what else the verdict depends on: how kernels are launched, drawn inputs, the machine."""
    machine = Path(opbench.ptx.__file__).parent
    folders = ("memory", "running", "launching", "compilers")
    files = [
        Path(language.__file__),
        Path(seeded.__file__),
        *(machine / "instructions" / name for name in ("floating.py", "bits.py", "control.py")),
        *(file for folder in folders for file in sorted((machine / folder).rglob("*.py"))),
    ]
    return [file.read_text(encoding="utf-8") for file in files]


def _checked() -> str:
    return "".join(
        checked_on_ptx(operator, "triton_jit", *words, "--dtype", "float32,float64")
        for operator, words in (
            ("box_iou", ("--boxes", "18", "--others", "1,67")),
            ("nms", ("--boxes", "1,131", "--classes", "3", "--threshold", "0.6")),
            ("box_decode", ("--batch", "2", "--anchors", "1,131", "--clip", "0,320")),
        )
    )
