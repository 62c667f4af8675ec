"""Which sizes have a transform: a power of two, or one times the order of a matrix that is none of Sylvester's."""

from __future__ import annotations

from typing import NamedTuple

from opbench.errors import UsageError

ORDERS = (1, 12, 20, 28)
"""Of the matrix that Sylvester's is multiplied with. Hadamard matrices have order 1, 2 or a multiple of 4, and 4, 8, 16
and 24 are twice another."""

LARGEST = 1 << 15
"""Elements of a block. Its sums fit into a GPU's shared memory and a processor's second cache."""


class Factored(NamedTuple):
    """A block of order * length elements; length is a power of two."""

    order: int
    length: int

    @property
    def stages(self) -> int:
        """How many stages of butterflies: log2(length)."""
        return self.length.bit_length() - 1


def factored(block: int) -> Factored:
    """A block's size as order * 2^k. Raises UsageError for a size that has no transform here."""
    if 1 <= block <= LARGEST:
        for order in ORDERS:
            length = block // order
            if length * order == block and length & (length - 1) == 0:
                return Factored(order, length)
    raise UsageError(
        f"size {block} has no Hadamard transform here; expected 2^k, 12 * 2^k, 20 * 2^k or 28 * 2^k up to {LARGEST}: "
        "pad with zeros, or give a block that divides the size"
    )


def block_of(size: int, block: int) -> int:
    """What is transformed by itself within `size` elements: `block`, or all of them where it is 0.

    Raises UsageError where that has no transform, and where blocks do not fill the axis.
    """
    chosen = block or size
    factored(chosen)
    if size % chosen:
        raise UsageError(f"size {size} is no multiple of block {chosen}; expected whole blocks along the axis")
    return chosen
