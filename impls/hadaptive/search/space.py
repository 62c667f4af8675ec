"""What may stand where: for every layer its candidates, and the networks that result from choosing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from impls.hadaptive.config import Convolution, HadaBottleneck, Layer, NetworkConfig
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

Candidate: TypeAlias = Layer | None
"""None is a blank: the layer is left out."""


@dataclass(frozen=True)
class Place:
    """A layer and its candidates; one alone is fixed.

    Raises UsageError without a candidate that is a layer, for one listed twice, and where channels or strides differ.
    """

    candidates: tuple[Candidate, ...]

    def __post_init__(self) -> None:
        layers = self.layers
        if not layers:
            raise UsageError("a layer without candidates but blank; expected at least one to choose")
        if len(set(self.candidates)) < len(self.candidates):
            raise UsageError(f"a candidate is listed twice among {self.candidates}")
        shapes = sorted({(layer.channels, layer.stride) for layer in layers})
        if len(shapes) > 1:
            listed = " and ".join(f"{channels} channels at stride {stride}" for channels, stride in shapes)
            raise UsageError(f"the candidates of one layer give {listed}; expected the same of all")

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The candidates that are not blank."""
        return tuple(candidate for candidate in self.candidates if candidate is not None)

    @property
    def channels(self) -> int:
        return self.layers[0].channels

    @property
    def stride(self) -> int:
        return self.layers[0].stride

    @property
    def searched(self) -> bool:
        return len(self.candidates) > 1


@dataclass(frozen=True)
class Space:
    """Every network that a search can end with. The last three fields are those of NetworkConfig.

    Raises UsageError for a blank where the layer changes channels or edge, and for a k above a layer's input channels.
    """

    places: tuple[Place, ...]
    width: int = 960
    hidden: int = 1280
    dropout: float = 0.3

    def __post_init__(self) -> None:
        for at, place in enumerate(self.places):
            before = self.places[at - 1].channels if at else None
            _check_blank(at, place, before)
            _check_selected(at, place, before)

    @property
    def size(self) -> int:
        """How many choices there are."""
        return math.prod(len(place.candidates) for place in self.places)

    def adds_input(self, at: int) -> bool:
        """Whether every candidate of layer `at` adds its input to its result; a blank adds nothing else."""
        place, before = self.places[at], self.places[at - 1].channels if at else None
        convolves = any(isinstance(layer, Convolution) for layer in place.layers)
        return place.stride == 1 and place.channels == before and not convolves

    def config(self, chosen: Sequence[int]) -> NetworkConfig:
        """The network with candidate chosen[i] as layer i; blanks are left out.

        Raises UsageError for another number of choices than of layers, and for a choice that is not there.
        """
        if len(chosen) != len(self.places):
            raise UsageError(f"{len(chosen)} choices for {len(self.places)} layers; expected one for each")
        layers = [
            _candidate(at, place, layer) for at, (place, layer) in enumerate(zip(self.places, chosen, strict=True))
        ]
        present = tuple(layer for layer in layers if layer is not None)
        return NetworkConfig(present, self.width, self.hidden, self.dropout)

    @property
    def full(self) -> NetworkConfig:
        """The first candidate of every layer that is not blank: all layers are there."""
        return self.config([place.candidates.index(place.layers[0]) for place in self.places])

    def plain(self) -> dict[str, Any]:
        """Only dicts, lists, strings and numbers, for JSON and checkpoints; None is a blank."""
        places = [
            [None if candidate is None else _plain(candidate) for candidate in place.candidates]
            for place in self.places
        ]
        return {"places": places, "width": self.width, "hidden": self.hidden, "dropout": self.dropout}


def _candidate(at: int, place: Place, chosen: int) -> Candidate:
    if not 0 <= chosen < len(place.candidates):
        raise UsageError(f"choice {chosen} for layer {at}; it has candidates 0 to {len(place.candidates) - 1}")
    return place.candidates[chosen]


def _plain(layer: Layer) -> dict[str, Any]:
    plain: dict[str, Any] = NetworkConfig((layer,)).plain()["layers"][0]
    return plain


def _check_blank(at: int, place: Place, before: int | None) -> None:
    if None in place.candidates and (place.stride != 1 or place.channels != before):
        came = "the image" if before is None else f"{before} channels"
        raise UsageError(
            f"layer {at} cannot be blank: it makes {place.channels} channels at stride {place.stride} of {came}; "
            "expected stride 1 and equal channels"
        )


def _check_selected(at: int, place: Place, before: int | None) -> None:
    for candidate in place.candidates:
        if isinstance(candidate, HadaBottleneck) and before is not None and candidate.k > before:
            raise UsageError(
                f"layer {at} has {before} input channels, and a candidate selects k = {candidate.k} of them; "
                f"expected at most {before}"
            )
