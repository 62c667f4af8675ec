"""An architecture as plain data: what a search writes and `network.build` reads.

A layer says only its own output channels; its input channels are the layer before's. So no two can disagree.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from impls.hadaptive.ach_parts.normalizers import check_normalizer
from impls.hadaptive.ach_parts.selection import check_selection
from opbench.cli.plain import plain
from opbench.errors import UsageError, unknown


@dataclass(frozen=True)
class Convolution:
    """A CNA to `channels`. Raises UsageError for a size below 1, as all layers do."""

    channels: int
    kernel: int = 1
    stride: int = 1
    activation: bool = True

    def __post_init__(self) -> None:
        _check_sizes(self, "channels", "kernel", "stride")


@dataclass(frozen=True)
class GhostBottleneck:
    """An adaptive bottleneck to `channels`, expanded by Ghost to int(ratio x input channels)."""

    channels: int
    ratio: float
    kernel: int = 3
    stride: int = 1

    def __post_init__(self) -> None:
        _check_sizes(self, "channels", "kernel", "stride")
        _check_ratio(self.ratio)


@dataclass(frozen=True)
class HadaBottleneck:
    """An adaptive bottleneck to `channels`, expanded by ACH with `k` selected channels; the rest as ACH takes it.

    Raises UsageError for k < 2, an unknown norm or selection. k against the input channels is checked when built.
    """

    channels: int
    k: int
    kernel: int = 3
    stride: int = 1
    norm: str = "dysoft"
    selection: str = "learned"
    pointwise: bool = True

    def __post_init__(self) -> None:
        _check_sizes(self, "channels", "kernel", "stride")
        check_selection(self.selection, self.k)
        check_normalizer(self.norm)


T = TypeVar("T")

Layer: TypeAlias = Convolution | GhostBottleneck | HadaBottleneck

KINDS: Mapping[str, type[Layer]] = {
    "convolution": Convolution,
    "ghost": GhostBottleneck,
    "hada": HadaBottleneck,
}


LABELS: Mapping[type[Layer], str] = {Convolution: "CNA", GhostBottleneck: "Ghost", HadaBottleneck: "ACH"}
"""What people see, as in the paper's tables and figures."""


@dataclass(frozen=True)
class NetworkConfig:
    """`layers`, then a 1x1 CNA to `width`, then the classifier with `hidden` units and `dropout`."""

    layers: tuple[Layer, ...]
    width: int = 960
    hidden: int = 1280
    dropout: float = 0.3

    def __post_init__(self) -> None:
        _check_sizes(self, "width", "hidden")
        if not self.layers:
            raise UsageError("a network without layers; expected at least one")
        if not _is_share(self.dropout):
            raise UsageError(f"dropout is {self.dropout!r:.80}; expected at least 0 and below 1")

    @property
    def reduction(self) -> int:
        """Product of all strides: the smallest edge of an image."""
        return math.prod(layer.stride for layer in self.layers)

    def with_hada(self, **changes: Any) -> NetworkConfig:
        """The same with these fields of every HadaBottleneck changed, such as `norm="bn"`: the ablations."""
        layers = (
            dataclasses.replace(layer, **changes) if isinstance(layer, HadaBottleneck) else layer
            for layer in self.layers
        )
        return dataclasses.replace(self, layers=tuple(layers))

    def plain(self) -> dict[str, Any]:
        """Only dicts, lists, strings and numbers, for JSON and checkpoints; `parse` reads it."""
        names = {kind: name for name, kind in KINDS.items()}
        layers = [{"kind": names[type(layer)], **dataclasses.asdict(layer)} for layer in self.layers]
        return {**dataclasses.asdict(self), "layers": layers}


def parse(given: Mapping[str, Any]) -> NetworkConfig:
    """The configuration that `NetworkConfig.plain` wrote.

    Raises UsageError for unknown kinds and fields, and for missing ones, naming the layer.
    """
    fields = dict(given)
    listed = fields.pop("layers", ())
    if not isinstance(listed, list | tuple):
        raise UsageError(f"layers is {listed!r:.80}; expected a list of layers")
    layers = tuple(_layer(at, entry) for at, entry in enumerate(listed))
    return _made(NetworkConfig, {**fields, "layers": layers}, "the network")


def _layer(at: int, given: Mapping[str, Any]) -> Layer:
    if not isinstance(given, Mapping):
        raise UsageError(f"layer {at} is {given!r:.80}; expected an object with kind and fields")
    fields = dict(given)
    kind = fields.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise unknown("kind", f"{kind!s:.80}", KINDS, f"of layer {at}")
    return _made(KINDS[kind], fields, f"layer {at}, a {kind},")


def _made(kind: type[T], fields: dict[str, Any], what: str) -> T:
    fields_of_kind = dataclasses.fields(kind)  # type: ignore[arg-type]  # always one of the dataclasses above
    names = [field.name for field in fields_of_kind]
    missing = [
        field.name for field in fields_of_kind if field.default is dataclasses.MISSING and field.name not in fields
    ]
    extra = [plain(str(name))[:40] for name in fields if name not in names]
    if missing or extra:
        problem = f"lacks {', '.join(missing)}" if missing else f"has unknown {', '.join(extra)}"
        raise UsageError(f"{what} {problem}; its fields are: {', '.join(names)}")
    return kind(**fields)


def _is_share(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value < 1


def _check_ratio(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1 <= value < math.inf:
        raise UsageError(f"ratio of GhostBottleneck is {value!r:.80}; expected a number of at least 1")


def _check_sizes(holder: object, *names: str) -> None:
    for name in names:
        value = getattr(holder, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UsageError(
                f"{name} of {type(holder).__name__} is {value!r:.80}; expected a whole number of at least 1"
            )
