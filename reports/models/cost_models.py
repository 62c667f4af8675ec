"""The paper's cost models (arXiv 2505.22226, section on complexity) of the three feature expansions.

m input channels, n output channels, an f x f feature map, batch b. All count multiply-accumulates, the lone
products of ACH among them:

    pointwise   b m n f^2
    Ghost       b (m s + (n - s) k^2) f^2      s = ceil(n/2) primary channels, a k x k cheap operation, k = 3
    ACH         b (m^2 + (n - m)) f^2

The paper's printed ratios to pointwise (its equations 15 and 17) lose a factor and a sign; derived from the
above they are s/n + (n-s)k^2/(nm) for Ghost and m/n + 1/m - 1/n for ACH.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from opbench.vocabulary.record import Record

CHEAP_KERNEL = 3


def pointwise(m: int, n: int) -> int:
    return m * n


def ghost(m: int, n: int) -> int:
    primary = -(-n // 2)
    return m * primary + (n - primary) * CHEAP_KERNEL**2


def ach(m: int, n: int) -> int:
    return m * m + (n - m)


PER_PIXEL: Mapping[str, Callable[[int, int], int]] = {"pointwise": pointwise, "ghost": ghost, "ach": ach}
"""MACs for one pixel of the feature map, by operator name."""


def paper_macs(record: Record) -> int | None:
    """Count by the paper's model, or None where it has none for this case."""
    axes, sizes = record.case.point.axes, record.sizes
    model = PER_PIXEL.get(record.case.point.operator)
    if model is None or "out_channels" not in sizes or not {"channels", "edge"} <= axes.keys():
        return None
    pixels: int = axes["edge"] ** 2 * axes.get("batch", 1)
    return model(axes["channels"], sizes["out_channels"]) * pixels
