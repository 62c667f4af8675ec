"""Which backend or operator a part of a figure belongs to, written into the figure's file.

A page hides the parts of a backend by it. matplotlib writes only an identifier for a part; several parts of one
backend would have the same, so the file gets the attribute `data-backend` or `data-operator` in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, TypeAlias

from matplotlib.artist import Artist
from matplotlib.legend import Legend

Owner: TypeAlias = Literal["backend", "operator"]
"""What a label names."""

_IDENTIFIER = re.compile(rb'\bid="(backend|operator) ([^"]*)"')


def belongs(artists: Artist | Iterable[Artist], label: str, owner: Owner = "backend") -> None:
    """Say of one part or of several that they are of the backend or operator `label`."""
    for artist in [artists] if isinstance(artists, Artist) else artists:
        artist.set_gid(f"{owner} {label}")


def name_entries(legend: Legend, handles: Iterable[Artist]) -> None:
    """An entry of a legend belongs to whom its handle does; matplotlib draws a copy of the handle, without its name."""
    for handle, drawn, text in zip(handles, legend.legend_handles, legend.get_texts(), strict=True):
        for part in (drawn, text):
            if part is not None:
                part.set_gid(handle.get_gid())


def with_owners(svg: bytes) -> bytes:
    """Write the owners of a figure's parts as attributes; matplotlib has escaped the labels."""
    return _IDENTIFIER.sub(rb'data-\1="\2"', svg)
