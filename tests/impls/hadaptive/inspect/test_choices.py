"""How often each channel is chosen."""

from __future__ import annotations

import pytest
import torch

from impls.hadaptive.ach import ACH
from impls.hadaptive.inspect.choices import selection_shares
from impls.hadaptive.network import build

from ..scenes import drawn, random
from ..training_scenes import TINY


def test_shares_are_counted_over_all_images_and_sum_to_k() -> None:
    net = drawn(build(TINY, 3, 3, "torch_eager"))
    images = random(11, 3, 8, 8)
    actual = selection_shares(net, [images[:4], images[4:8], images[8:]])
    assert list(actual) == ["body.1.expand", "body.3.expand"]
    assert [len(shares) for shares in actual.values()] == [7, 5]
    assert sum(actual["body.1.expand"]) == pytest.approx(3)
    assert actual["body.3.expand"] == [1.0] * 5  # k = 5 of 5
    assert selection_shares(net, [images]) == actual


def test_the_channels_with_the_highest_scores_are_those_counted() -> None:
    ach = ACH(5, 2, backend="torch_eager").eval()
    with torch.no_grad():
        ach.mix[0].weight.copy_(torch.eye(5)[:, :, None, None])  # type: ignore[operator]
        ach.mix[0].bias.zero_()  # type: ignore[operator]
        ach.select.scores.mix.weight.copy_(torch.tensor([[[0.0, 0.0, 1.0, 0.0, 0.0]]]))  # type: ignore[union-attr,operator]
    images = torch.zeros(4, 5, 3, 3)
    images[:, 3] = 9
    images[:3, 0] = 5
    images[3:, 1] = 5
    assert selection_shares(ach, [images]) == {"": [0.75, 0.25, 0.0, 1.0, 0.0]}


def test_nothing_stays_hooked_even_where_an_image_is_wrong() -> None:
    net = drawn(build(TINY, 3, 3, "torch_eager"))
    with pytest.raises(ValueError, match="this network takes"):
        selection_shares(net, [random(1, 2, 8, 8)])
    assert not any(one._forward_hooks for one in net.modules())
    assert selection_shares(net, []) == {"body.1.expand": [0.0] * 7, "body.3.expand": [0.0] * 5}
