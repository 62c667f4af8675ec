"""A target's tensors fit each other."""

from __future__ import annotations

import pytest
import torch

from impls.hadaptive.detection.data.target import Target
from opbench.errors import UsageError
from tests.impls.hadaptive.detection.boxes import boxes, target

SQUARE, WIDE = (0, 0, 3, 3), (1, 2, 8, 5)


def test_tensors_of_other_kinds_are_refused() -> None:
    good = {"boxes": boxes(SQUARE), "labels": torch.zeros(1).long(), "crowd": torch.zeros(1).bool(), "areas": None}
    for name, wrong in {
        "boxes": torch.zeros(1, 4, dtype=torch.float64),
        "labels": torch.zeros(1),
        "crowd": torch.zeros(2).bool(),
        "areas": torch.zeros(1, 1),
    }.items():
        with pytest.raises(UsageError, match=rf"a target's {name} are torch\..* of shape .*; expected torch\."):
            Target(image_id=1, **{**good, name: wrong})  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(UsageError, match=r"expected torch.float32 of shape \(1, 4\)"):
        Target(boxes(SQUARE, WIDE), torch.zeros(1).long(), 1, torch.zeros(1).bool())


def test_a_choice_of_boxes_takes_all_that_belongs_to_them() -> None:
    whole = target(7, SQUARE, WIDE, labels=[2, 5], crowd=[False, True])
    whole = Target(whole.boxes, whole.labels, 7, whole.crowd, torch.tensor([4.0, 9.0]))
    chosen = whole.only(torch.tensor([False, True]))
    assert (chosen.boxes.tolist(), chosen.labels.tolist(), chosen.image_id) == ([list(WIDE)], [5], 7)
    assert chosen.areas is not None
    assert (chosen.crowd.tolist(), chosen.areas.tolist()) == ([True], [9.0])
    assert whole.only(torch.tensor([False, False])).boxes.shape == (0, 4)
