"""Launches as data: PTX, and the points at which it was launched, with what the intact kernel leaves in its arrays.

Of arrays only the parts are kept that a thread came to, so that a point may have tensors beyond 32 bits.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np
import torch

from opbench import ptx
from opbench.ptx.launching.sampling import lazy_zeros
from opbench.ptx.memory import paging
from opbench.ptx.number_types import Array
from opbench.ptx.pointers import Pointer

PAGED = 1 << 16
"""Bytes from which on an array is kept by its pages; those of the small points are kept whole."""


@dataclass
class Kept:
    """One array: its bytes, and of each part its first byte, what was there before (NaN where it is written) and what
    the intact kernel leaves, as `encoded` has them.
    """

    name: str
    size: int
    parts: list[tuple[int, str, str]]

    def before(self) -> Array:
        """uint8 (size,): zeros where nothing is kept."""
        content = lazy_zeros((self.size,), torch.uint8).numpy()
        for first, before, _ in self.parts:
            part = decoded(before)
            content[first : first + part.size] = part
        return content

    def after(self) -> Iterator[tuple[slice, Array]]:
        for first, _, after in self.parts:
            part = decoded(after)
            yield slice(first, first + part.size), part


@dataclass
class Point:
    """One launch.

    blocks: which of the grid run, None for all. arguments: for each parameter `[array, offset, phase]`, bytes as
    `encoded` has them, or a number. cost, effects: of the intact kernel, once they are known.
    """

    name: str
    grid: list[int]
    block: list[int]
    shared: int
    blocks: list[int] | None
    arguments: list[Any]
    arrays: list[Kept]
    cost: list[int] | None = None
    effects: int | None = None

    @classmethod
    def of(cls, told: dict[str, Any]) -> Point:
        """From what `dataclasses.asdict` made of one."""
        return cls(**told | {"arrays": [Kept(**each) for each in told["arrays"]]})

    def argument(self, told: Any, contents: list[Array]) -> Any:
        if isinstance(told, list):
            number, offset, phase = told
            return Pointer(self.arrays[number].name, contents[number], phase, offset)
        return decoded(told).tobytes() if isinstance(told, str) else told


@dataclass
class Recorded:
    """One kernel's text and its points, the first of which is the small one.

    exact: whether its values are rounded once, so that its bits are known; else they are near a float64 reference.
    """

    name: str
    dtype: str
    exact: bool
    text: str
    kernel: str
    points: list[Point] = field(default_factory=list)

    @classmethod
    def of(cls, told: dict[str, Any]) -> Recorded:
        """From what `dataclasses.asdict` made of one."""
        return cls(**told | {"points": [Point.of(each) for each in told["points"]]})

    def launch(
        self, text: str, point: Point, shared: int | None = None, **options: Any
    ) -> tuple[list[Array], ptx.Result]:
        """With that text in place of its own: the bytes of each array afterwards, and the result."""
        contents = [each.before() for each in point.arrays]
        given = [point.argument(each, contents) for each in point.arguments]
        bytes_shared = point.shared if shared is None else shared
        with mock.patch.object(paging, "LARGE", PAGED):
            result = ptx.run(
                text, self.kernel, point.grid, point.block, given, shared=bytes_shared, blocks=point.blocks, **options
            )
        return contents, result

    def differs(self, point: Point, contents: list[Array]) -> bool:
        """Whether a bit of what the intact kernel leaves is another."""
        return any(
            not np.array_equal(content[within], want)
            for kept, content in zip(point.arrays, contents, strict=True)
            for within, want in kept.after()
        )

    def wrong(self, point: Point, contents: list[Array]) -> bool:
        """Whether an array differs from what the intact kernel leaves: in a bit where exact, else by 1 in 100 000."""
        if self.exact:
            return self.differs(point, contents)
        return any(
            self._far(content[within], want)
            for kept, content in zip(point.arrays, contents, strict=True)
            for within, want in kept.after()
            if not np.array_equal(content[within], want)
        )

    def _far(self, content: Array, want: Array) -> bool:
        mine, right = (torch.from_numpy(each.copy()).view(getattr(torch, self.dtype)) for each in (content, want))
        return not torch.allclose(mine.double(), right.double(), rtol=1e-5, atol=1e-5, equal_nan=True)


def decoded(text: str) -> Array:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)


def encoded(content: Array) -> str:
    """Pages of large arrays are mostly what nobody writes."""
    return base64.b64encode(zlib.compress(content.tobytes(), 1)).decode()
