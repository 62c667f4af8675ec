from __future__ import annotations

import pytest

from impls.hadaptive.replacing.settings import at_least, at_most


def wide(channels: int, k: int) -> int:
    return channels + k * (k - 1) // 2


@pytest.mark.parametrize("channels", [2, 3, 7, 24])
def test_the_two_rules_by_search(channels: int) -> None:
    for width in range(1, 400):
        fitting = [k for k in range(2, channels + 1) if wide(channels, k) <= width]
        assert at_most(width, channels) == max(fitting, default=2)
        reaching = [k for k in range(2, channels + 1) if wide(channels, k) >= width]
        assert at_least(width, channels) == min(reaching, default=channels)


def test_the_selections_that_the_papers_counts_imply() -> None:
    assert at_least(576, 96) == 32  # MobileNetV3-S
    assert [at_most(2 * channels, channels) for channels in (192, 120)] == [20, 16]  # MobileViT-small, x-small
    assert wide(768, at_most(2048, 768)) == 2043  # BERT
