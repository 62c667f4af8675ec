"""The spaces of the paper's Tables 3, 10, 11 and 12, row by row, and that of its authors' configuration.

What a table does not say is as in Table 9: a Ghost block's ratio, the kernels of Tables 3 and 12, and k where a table
has no k, 16 before the 128 channels and 32 from there on. Table 3 has the layers of Hadaptive-Net-S; the other three
have five layers of stride 1 at 128 channels where it has two.

Two things in Table 10 are not what they seem, and both are kept as they stand there. Where a layer halves the edge, the
published block filters by 2x2 whatever it is told (`blocks.depthwise_kernel`), so that candidates there that differ
only in their kernel are one module twice: what their confidences differ by is chance, and says how much chance does.
And five Ghost candidates have kernel 2 at stride 1, where the paper does not say what is padded:
`blocks.AdaptiveBottleneck` adds one row and one column of zeros behind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from impls.hadaptive.config import HadaBottleneck, NetworkConfig
from impls.hadaptive.variants import S


@dataclass(frozen=True)
class Offer:
    """A candidate, as far as a table says; None is what the layer has."""

    expand: str
    """`ghost` or `hada`."""
    kernel: int | None = None
    k: int | None = None
    norm: str = "dysoft"
    ratio: float | None = None


Row = tuple[Offer | None, ...]
"""The candidates of a layer in the order of the columns; an Offer that is None is a blank. Empty: not searched."""


@dataclass(frozen=True)
class TableSpace:
    """A space whose every layer has candidates of its own."""

    about: str
    network: NetworkConfig
    """Channels, strides and fixed layers."""
    rows: tuple[Row, ...]
    """One for each layer of `network`."""
    table: int | None
    """Of the paper; None where no table shows its outcome."""
    annealing: str = "linear"
    """What the search was annealed by, where that is known."""


def _deeper(layers: int) -> NetworkConfig:
    """Hadaptive-Net-S with so many layers of stride 1 at 128 channels."""
    return dataclasses.replace(S, layers=(*S.layers[:12], *[HadaBottleneck(128, k=32, kernel=7)] * layers))


def _ghosts(*kernels: int, ratio: float | None = None) -> Row:
    return tuple(Offer("ghost", kernel, ratio=ratio) for kernel in kernels)


def _hadas(*kernels: int, k: int | None = None) -> Row:
    return tuple(Offer("hada", kernel, k) for kernel in kernels)


def _sizes(*sizes: tuple[int, int]) -> Row:
    """Of (k, kernel)."""
    return tuple(Offer("hada", kernel, k) for k, kernel in sizes)


def _selected(*ks: int) -> Row:
    return tuple(Offer("hada", k=k) for k in ks)


BLANK: Row = (None,)
FIXED: Row = ()
_STEM = (FIXED,) * 3

_BY_NORM: Row = (Offer("ghost"), *(Offer("hada", norm=norm) for norm in ("dysoft", "dysig", "dyalge")))

_KERNELS = (
    *_STEM,
    _ghosts(2, 3),
    (*_ghosts(3), *_hadas(5)),
    _ghosts(2, 3),
    *((*_ghosts(2, 3), *_hadas(3, 5)),) * 2,
    *((*_ghosts(2, 3), *_hadas(3, 5), *BLANK),) * 3,
    (*_ghosts(2, 3), *_hadas(3, 5)),
    *(_hadas(3, 5, 7),) * 2,
    *((*_hadas(3, 5, 7), *BLANK),) * 3,
)

_SIZES = (
    *(FIXED,) * 6,
    *(_sizes((16, 3), (16, 5), (32, 3)),) * 5,
    FIXED,
    *(_sizes((16, 3), (32, 3), (48, 3)),) * 5,
)

_DEPTH = (
    *(FIXED,) * 6,
    *((*_selected(16, 32), *BLANK),) * 5,
    FIXED,
    *((*_selected(16, 32, 48), *BLANK),) * 5,
)


def _published(stride: int, ratio: float | None = None) -> Row:
    kernels = (2, 3) if stride == 2 else (3, 5, 7)
    blank = BLANK if stride == 1 else ()
    return (*_ghosts(*kernels, ratio=ratio), *_hadas(*kernels, k=16), *_hadas(*kernels, k=32), *blank)


_PUBLISHED = (
    *_STEM,
    _published(2),
    _published(1),
    _published(2),
    *(_published(1),) * 5,
    _published(2, ratio=6.0),
    *(_published(1, ratio=6.0),) * 3,
)
"""Four searched layers at 128 channels, the one that halves the edge included."""

TABLES: Mapping[str, TableSpace] = {
    "norms": TableSpace("Table 3: Ghost, Hada by norm", S, (*_STEM, *(_BY_NORM,) * 11), 3),
    "kernels": TableSpace("Table 10: Ghost and Hada by kernel, blank", _deeper(5), _KERNELS, 10),
    "sizes": TableSpace("Table 11: Hada by k and kernel", _deeper(5), _SIZES, 11),
    "depth": TableSpace("Table 12: Hada by k, blank", _deeper(5), _DEPTH, 12),
    "published": TableSpace(
        "the authors' configuration: Ghost, Hada by k and kernel, blank", _deeper(3), _PUBLISHED, None, "cosine"
    ),
}
