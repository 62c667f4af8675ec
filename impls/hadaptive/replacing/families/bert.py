"""transformers' BERT: the feed-forward of a layer -> ACH over the channels of its tokens and a linear layer.

`intermediate` becomes both, `output.dense` nothing; dropout, residual and LayerNorm of `output` stay. The selection is
made by means over all tokens of a sample, padding included; a decoder and a feed-forward taken in chunks would each
select by other tokens, and are refused.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from torch import nn

from impls.hadaptive.replacing.family import Family, of_class
from impls.hadaptive.replacing.settings import Settings, at_most
from opbench.errors import UsageError


def every_one(names: Sequence[str]) -> Sequence[str]:
    return names


def replaced(block: Any, settings: Settings) -> nn.Module:
    """k where not given: the largest that makes the feed-forward no wider than it was."""
    if block.is_decoder:
        raise UsageError("a decoder must not see later tokens, and the selection of ACH looks at all; use an encoder")
    if block.chunk_size_feed_forward:
        raise UsageError(
            f"its feed-forward takes chunks of {block.chunk_size_feed_forward} tokens, and the selection of ACH needs "
            "all; build it with chunk_size_feed_forward=0"
        )
    inner = block.intermediate.dense
    fresh = copy.deepcopy(block)
    fresh.intermediate = settings.tokens(inner.in_features, at_most(inner.out_features, inner.in_features))
    fresh.output.dense = nn.Identity()
    return fresh  # type: ignore[no-any-return]  # transformers' layer


FAMILY = Family("BERT", of_class("transformers.models.bert.modeling_bert.BertLayer"), replaced, every_one)
