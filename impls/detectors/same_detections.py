"""Are two sets of detections the same? And does a file find those that PyTorch finds, held against it before written.

They are compared as sets: two whose scores differ in the last bits may stand in either order. What is asked of a file
is what its own logits and offsets come to, so that nothing but post-processing is judged; the network in front of it is
held against PyTorch as any other. A sample in which the last bits of logits and offsets bring or take a detection
decides nothing, and neither does one without a detection: both are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from impls.detectors.drawing import images
from impls.detectors.drawn_candidates import drawn_candidates
from impls.detectors.outputs import eager_rows
from impls.detectors.suppression_nodes import LOGITS, OFFSETS, alone
from impls.exported.session import CPU, open_model, started
from impls.hadaptive.detection.model.anchors import anchors
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onnx import ModelProto

    from impls.hadaptive.detection.model.detector import Detector

SAMPLES, BATCHES = 4, (1, 3)
PIXELS, SCORES = 1e-2, 1e-5
"""How far a box's edge and a score may be off: ONNX Runtime's exponential and sigmoid are not PyTorch's."""

LAST_BITS, NUDGES = 2.0**-21, 6


def check(whole: ModelProto, detector: Detector, size: int) -> None:
    """whole: a model of three outputs: detections, logits, offsets. Raises UsageError where the first does not follow
    from the others, in what the detector makes of drawn images and in drawn logits and offsets, which have detections
    in any case; and where none of them could tell.
    """
    import onnx

    onnx.checker.check_model(whole)
    cases = [*_of_images(whole, size), *_of_drawn(whole, detector.classes, size)]
    verdicts = [_verdict(*case, size) for case in cases]
    if wrong := verdicts.count(False):
        raise UsageError(
            f"the exported detector of {detector.classes} classes finds other boxes in {wrong} of {len(cases)} "
            "samples than PyTorch does of the same logits and offsets; nothing was written"
        )
    if True not in verdicts:
        raise UsageError(
            f"whether the exported detector finds the right boxes could not be told: rounding decides all of "
            f"{len(cases)} samples, or nothing is found in them; nothing was written"
        )


Case = tuple[Tensor, Tensor, Tensor]
"""Of one image: detections (100, 6), logits (A, classes), offsets (A, 4)."""


def _of_images(whole: ModelProto, size: int) -> Iterable[Case]:
    """What the whole file makes of drawn images, in batches of two sizes."""
    session = open_model(whole.SerializeToString(), "the exported detector", with_library=False)
    x = torch.split(samples(size), list(BATCHES))
    parts = [[torch.from_numpy(one) for one in session.outputs(part.numpy())] for part in x]
    return zip(*(torch.cat(of_output) for of_output in zip(*parts, strict=True)), strict=True)


def _of_drawn(whole: ModelProto, classes: int, size: int) -> Iterable[Case]:
    """What the file's nodes of post-processing make of drawn logits and offsets."""
    model = alone(whole, classes, size).SerializeToString()
    session = started(model, "its post-processing", with_library=False, threads=0, provider=CPU, options={})
    logits, offsets = drawn_candidates(classes, size)
    (found,) = session.run(None, {LOGITS: logits.numpy(), OFFSETS: offsets.numpy()})
    return zip(torch.from_numpy(found), logits, offsets, strict=True)


def _verdict(found: Tensor, logits: Tensor, offsets: Tensor, size: int) -> bool | None:
    """Whether they are PyTorch's; None where nothing is to be found, or the last bits decide what is."""
    wanted = rows(logits[None], offsets[None], size)[0]
    if same(found, wanted):
        return True if (wanted[:, 5] >= 0).any() else None
    return None if _jumps(logits, offsets, size) else False


def samples(size: int) -> Tensor:
    """(4, 3, size, size) float32 from 0 to 1, drawn: images that a detector is made for, noise alone is none."""
    return images((SAMPLES, 3, size, size), torch.Generator().manual_seed(0))


def rows(logits: Tensor, offsets: Tensor, size: int) -> Tensor:
    """(B, 100, 6), PyTorch's detections of logits (B, A, classes) and offsets (B, A, 4)."""
    return eager_rows(logits, offsets, anchors(size), size)


def same(one: Tensor, other: Tensor) -> bool:
    """Whether each row (n, 6) of either has one of its own in the other: class alike, box and score within rounding."""
    if one.shape != other.shape:
        return False
    alike = (one[:, None, 5] == other[None, :, 5]) & ((one[:, None, 4] - other[None, :, 4]).abs() <= SCORES)
    alike &= ((one[:, None, :4] - other[None, :, :4]).abs() <= PIXELS).all(dim=2)
    return _matched(alike)


def _matched(alike: Tensor) -> bool:
    """Whether there is a matching of all rows to all columns."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    return bool((maximum_bipartite_matching(csr_array(alike.numpy())) >= 0).all())


def _jumps(logits: Tensor, offsets: Tensor, size: int) -> bool:
    """Whether PyTorch's own detections of an image come and go with the last bits of logits (A, classes), offsets."""
    random = torch.Generator().manual_seed(1)
    still = rows(logits[None], offsets[None], size)[0]
    for _ in range(NUDGES):
        moved = [one * (1 + LAST_BITS * torch.randn(one.shape, generator=random)) for one in (logits, offsets)]
        if not same(rows(moved[0][None], moved[1][None], size)[0], still):
            return True
    return False
