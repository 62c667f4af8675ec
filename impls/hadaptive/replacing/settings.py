"""How the ACH modules of a replacement are made, and how many channels they select when nobody says.

The paper names no k. Its counts tell: in MobileNetV3 and V4 k = 32 gives table 5's numbers; in V3 it is the smallest
that is at least as wide as the 576 channels before. In MobileViT-small (k = 20), x-small (16) and xx-small (13), and in
BERT (51, "Mid-Channel" 2043 where it was 2048), k is the largest that is not wider than the feed-forward before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from impls.cross_hadamard.pairs import pair_count
from impls.hadaptive.ach import ACH
from impls.hadaptive.tokens import TokenACH
from opbench.errors import unknown

PAPER, PLAIN = "paper", "plain"
FORMS = {
    PAPER: "what the paper's counts imply its blocks to have besides ACH, such as a squeeze-and-excitation",
    PLAIN: "the block as it was but for ACH",
}


@dataclass(frozen=True)
class Settings:
    """k: channels selected, None for the family's own rule. form: a name in FORMS. The rest as ACH takes it."""

    k: int | None = None
    norm: str = "dysoft"
    selection: str = "learned"
    pointwise: bool = True
    backend: str = "auto"
    rate: float = 0.01
    form: str = PAPER

    def __post_init__(self) -> None:
        """Raises UsageError for an unknown form."""
        if self.form not in FORMS:
            raise unknown("form", str(self.form), FORMS, "of replaced blocks")

    def selected(self, rule: int) -> int:
        return rule if self.k is None else self.k

    def ach(self, channels: int, rule: int) -> ACH:
        """For maps (B, channels, H, W), `rule` channels selected where k is None. Raises UsageError as ACH does."""
        return ACH(
            channels,
            self.selected(rule),
            norm=self.norm,
            selection=self.selection,
            pointwise=self.pointwise,
            backend=self.backend,
            rate=self.rate,
        )

    def tokens(self, channels: int, rule: int, dropout: float = 0.0) -> TokenACH:
        """A feed-forward for tokens (B, N, channels), as `ach`."""
        return TokenACH(
            channels,
            self.selected(rule),
            dropout=dropout,
            norm=self.norm,
            selection=self.selection,
            pointwise=self.pointwise,
            backend=self.backend,
            rate=self.rate,
        )


def at_least(width: int, channels: int) -> int:
    """The smallest k with channels + k(k-1)/2 >= width; at most all channels, at least the 2 that make a pair."""
    return max(2, min(channels, 1 + _root(width - channels - 1)))


def at_most(width: int, channels: int) -> int:
    """The largest k with channels + k(k-1)/2 <= width; at most all channels, at least the 2 that make a pair."""
    return max(2, min(channels, _root(width - channels)))


def _root(pairs: int) -> int:
    """The largest k with k(k-1)/2 <= pairs, 0 where pairs is negative."""
    if pairs < 0:
        return 0
    k = (1 + math.isqrt(1 + 8 * pairs)) // 2
    assert pair_count(k) <= pairs < pair_count(k + 1)
    return k
