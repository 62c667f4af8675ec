from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from impls.expansion.references import all_pairs, channel_scores, normalise, strongest
from impls.hadaptive.ach_parts.selection import LearnedSelection
from impls.hadaptive.counting import trainable
from impls.hadaptive.temperature import adapt_temperatures
from impls.hadaptive.tokens import TokenACH
from opbench.errors import UsageError

from .scenes import BACKENDS, drawn, random


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shape", [(3, 11, 5), (1, 1, 5), (2, 13, 5)], ids=str)
def test_channels_are_multiplied_token_by_token(backend: str, shape: tuple[int, int, int]) -> None:
    layer = drawn(TokenACH(5, 3, backend=backend).double())
    x, ach = random(*shape, dtype=torch.float64), layer.expand
    convolution: Any = ach.mix[0]
    norm: Any = ach.mix[1]
    mixed = (x @ convolution.weight[:, :, 0, 0].T + convolution.bias).transpose(1, 2)[..., None]
    mixed = normalise(mixed, norm.running_mean, norm.running_var, norm.weight, norm.bias)
    assert isinstance(ach.select, LearnedSelection)
    index = strongest(channel_scores(mixed, ach.select.scores.mix.weight), 3)
    wide = torch.cat([mixed, ach.norm(all_pairs(mixed, index))], 1)[..., 0].transpose(1, 2)
    want = wide @ layer.project.weight.T + layer.project.bias
    torch.testing.assert_close(layer(x), want, rtol=1e-12, atol=1e-12)


def test_it_stands_in_for_the_feed_forward_of_an_encoder_and_trains() -> None:
    encoder = nn.TransformerEncoderLayer(6, 2, 24, batch_first=True)
    encoder.linear1, encoder.linear2 = TokenACH(6, 4, backend="torch_eager"), nn.Identity()  # type: ignore[assignment]
    y = encoder(random(2, 7, 6))
    assert y.shape == (2, 7, 6)
    y.square().sum().backward()
    assert all(one.grad is not None for one in encoder.linear1.parameters())
    adapt_temperatures(encoder)


def test_in_berts_shape_it_is_as_wide_as_the_papers() -> None:
    layer = TokenACH(768, 51)
    assert layer.expand.out_channels == 2043
    norms, eca, linear = 2 * 768 + 1 + 2 * 1275, 5, 2043 * 768 + 768
    assert trainable(layer) == 768 * 768 + 768 + norms + eca + linear


def test_output_channels_and_dropout_can_be_chosen() -> None:
    layer = TokenACH(5, 2, 7, 1.0, backend="torch_eager")
    y = layer(random(2, 3, 5))
    assert y.shape == (2, 3, 7)
    assert not y.any()


@pytest.mark.parametrize("shape", [(2, 5, 7), (5, 5), (1, 2, 3, 5)], ids=str)
def test_tokens_of_other_channels_name_both(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"x has shape \(.*\); this TokenACH takes \(B, N, 5\)"):
        TokenACH(5, 3)(torch.empty(shape))


def test_more_selected_channels_than_there_are_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot select k = 6 of 5 channels"):
        TokenACH(5, 6)
