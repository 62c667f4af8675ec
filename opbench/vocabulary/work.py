"""The least that a call needs, and the other operators that it contains."""

from __future__ import annotations

from dataclasses import dataclass

from opbench.vocabulary.case import Axes


@dataclass(frozen=True)
class Work:
    """The least any implementation has to do for one call, so that all are divided by the same number.

    macs: multiply-accumulates of convolutions and matrix products.
    products: multiplications whose result is not accumulated (the cross-Hadamard product's own). The
        paper's cost model adds them to the MACs.
    elementwise: every other arithmetic operation on single elements (normaliser, activation, pooling),
        one per element and operation of the unfused definition.
    bytes_read, bytes_written: each input element read once, each output element written once.
    """

    macs: int
    products: int
    elementwise: int
    bytes_read: int
    bytes_written: int

    @property
    def model_macs(self) -> int:
        """MACs as the paper's cost model counts them: a lone product costs as much as a MAC."""
        return self.macs + self.products

    @property
    def flops(self) -> int:
        """Floating-point operations; a MAC is two, everything else one."""
        return 2 * self.macs + self.products + self.elementwise

    @property
    def moved_bytes(self) -> int:
        return self.bytes_read + self.bytes_written


@dataclass(frozen=True)
class Part:
    """Another operator at some axis values, computed `count` times within one call of a larger one."""

    operator: str
    axes: Axes
    count: int
