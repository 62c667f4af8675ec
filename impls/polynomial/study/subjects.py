"""The networks that a question compares, each as wide as a number of parameters allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from impls.polynomial.modules import Mlp, PiNet, Stacked, parameters_of
from impls.polynomial.pi_net.definition import Recursion
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import nn

Sized: TypeAlias = "Callable[[int, tuple[int, ...]], nn.Module]"
"""A module from its width and the number of networks side by side."""


@dataclass(frozen=True)
class Subject:
    """A network by name. degree: of the polynomial it is, 0 where it is none. sized: makes it of a width."""

    name: str
    degree: int
    sized: Sized

    def width_within(self, most: int) -> int:
        """The largest width of at most so many parameters. Raises UsageError where width 1 has more."""
        width = 0
        while parameters_of(self.sized(width + 1, ())) <= most:
            width += 1
        if width == 0:
            raise UsageError(f"{self.name} of width 1 has more than {most} parameters; expected a larger number")
        return width


def mlp(features: int, outputs: int, layers: int) -> Subject:
    return Subject(
        "MLP",
        0,
        lambda width, networks: Mlp(features, outputs, hidden=width, layers=layers, networks=networks),
    )


def gated_mlp(features: int, outputs: int, layers: int) -> Subject:
    """Layers of relu(A x) * (B x)."""
    return Subject(
        "gated MLP",
        0,
        lambda width, networks: Mlp(features, outputs, hidden=width, layers=layers, gated=True, networks=networks),
    )


def pi_net(features: int, outputs: int, degree: int, recursion: Recursion, gain: float = 1.0) -> Subject:
    """LayerNorm divides by a root of squares: with it, the function is no polynomial."""
    further = "".join(f" + {word}" for word, on in (("skip", recursion.skip), ("norm", recursion.norm)) if on)
    return Subject(
        f"{recursion.form.upper()} {degree}{further}",
        0 if recursion.norm else degree,
        lambda width, networks: PiNet(
            features, outputs, hidden=width, degree=degree, recursion=recursion, gain=gain, networks=networks
        ),
    )


def stacked(features: int, outputs: int, degree: int, blocks: int, recursion: Recursion) -> Subject:
    """Pi-Nets one after the other, as wide between them as within."""

    def sized(width: int, networks: tuple[int, ...]) -> nn.Module:
        ends = [features, *([width] * (blocks - 1)), outputs]
        return Stacked(
            [
                PiNet(ends[n], ends[n + 1], hidden=width, degree=degree, recursion=recursion, networks=networks)
                for n in range(blocks)
            ]
        )

    return Subject(f"{blocks} x {recursion.form.upper()} {degree}", 0, sized)
