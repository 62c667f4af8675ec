"""ACH for tokens: the feed-forward of a transformer with its widening done by products (section 5.5, table 13).

A usual feed-forward multiplies C channels to r * C and back, 2 * r * C^2 weights. Here C^2 weights mix, products widen,
and only the way back is wide: (2 C + P) * C. In BERT's shape (C = 768, k = 51: 2043 channels) that is the paper's row.
"""

from __future__ import annotations

from torch import Tensor, nn

from impls.hadaptive.ach import ACH


class TokenACH(nn.Module):
    """(B, N, C) to (B, N, out_channels): ACH over the channels of all N tokens of a sample, then a linear layer.

    channels: C.
    k: channels chosen per sample, 2 <= k <= C.
    out_channels: C where not given.
    dropout: of the output, as in a feed-forward. The keyword arguments after it are ACH's.

    The scores are means over all tokens, padding included. A selection is per sample, shared by its tokens, and looks
    at all of them: this is no layer for causal models.
    Raises UsageError as ACH does; ValueError for an input of another rank or other channels.
    """

    def __init__(
        self,
        channels: int,
        k: int,
        out_channels: int | None = None,
        dropout: float = 0.0,
        *,
        norm: str = "dysoft",
        selection: str = "learned",
        pointwise: bool = True,
        backend: str = "auto",
        rate: float = 0.01,
    ) -> None:
        super().__init__()
        self.expand = ACH(channels, k, norm=norm, selection=selection, pointwise=pointwise, backend=backend, rate=rate)
        self.project = nn.Linear(self.expand.out_channels, channels if out_channels is None else out_channels)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 3 or x.shape[2] != self.expand.channels:
            raise ValueError(f"x has shape {tuple(x.shape)}; this TokenACH takes (B, N, {self.expand.channels})")
        maps = x.transpose(1, 2).unsqueeze(3)  # tokens take the place of pixels: (B, C, N, 1)
        wide = self.expand(maps).squeeze(3).transpose(1, 2)
        y: Tensor = self.drop(self.project(wide))
        return y
