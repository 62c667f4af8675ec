"""The prepared network: segments of layers that run channels last in one call each, and modules where there is no form.

    quick = fused(hadaptive_net_s().eval())
    scores = quick(images)          # as the network's own, within 1e-5 of the largest
    print(quick.describe())         # what runs in one call, what as its parts, and why

A network of the paper is one segment, the stem and the classifier included: the image is read as (B, 3, H, W), and
every activation behind it is (B, H, W, C).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules import module as nn_module

from impls.cross_hadamard.functional import needs_dispatcher
from impls.hadaptive.fused.joining import joined
from impls.hadaptive.fused.plain_form import hooks_of
from impls.hadaptive.fused.specs import Spec, named_layers, spec_of
from impls.hadaptive.fused.state import State
from impls.inference import layers
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from impls.hadaptive.network import HadaptiveNet
    from impls.inference.layers import Layer

_EVERYWHERE = (nn_module._global_forward_hooks, nn_module._global_forward_pre_hooks)  # noqa: SLF001  (no public names)
"""Of hooks that wait for any module."""


@dataclass(frozen=True)
class Part:
    """One module of the network, and what a layer that does the same is made of, or the reason why there is none.

    image: whether it is the first, whose layer reads (B, C, H, W); all others read channels last.
    """

    name: str
    module: nn.Module
    image: bool
    spec: Spec | None
    why_not: str = ""


@dataclass(frozen=True)
class Segment:
    """Neighbouring parts as one call; without a `layer` a single part, run as it is.

    kept: whether its output is a feature map that is returned.
    """

    parts: tuple[Part, ...]
    layer: Layer | None
    kept: bool


class FusedNet(nn.Module):
    """(B, C, H, W) float32 to what `network` in eval mode returns: scores, or with `features_only` a list of maps.

    Scores are within 1e-5 of the largest, and the selected channels are the same, but for samples that
    `margins.undecided` names. Maps are (B, channels, H', W') in channels-last memory. `network` stays in here and is
    used: what changes in it (see `state.py`) is prepared anew in the next call.

    watch: whether every call looks whether `network` is as it was. Without, it is taken to stay so, as a file is: what
    changes later does not count until `prepare` is called. The look takes 0.09 ms of S in a loop of looks, and 0.5
    between calls, which put a thousand of Python's objects out of the caches (AMD EPYC, beside other work).

    What has no fused form runs as the network's own modules, with a RuntimeWarning, once for each reason, and in
    `describe`: whole calls in training mode, for gradients, other dtypes, autocast and graphs, else single layers.
    Raises what the network raises for an image it does not take.
    """

    def __init__(self, network: HadaptiveNet, *, watch: bool = True) -> None:
        super().__init__()
        self.network = network
        self._watch, self._warned = watch, set[str]()
        self.prepare()
        self.training = network.training  # not train(), which would set that of every layer

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        network: HadaptiveNet = self._modules["network"]  # type: ignore[assignment]  # as an attribute it costs a call
        if reason := self._as_it_is(network, x):
            self._warn(reason)
            answer: Tensor | list[Tensor] = network(x)
            return answer
        if self._watch and not self._state.holds():
            self.prepare()
        network.check_image(x)
        if not x.numel():
            return network(x)  # type: ignore[no-any-return]  # torch types a module's answer as Any
        maps: list[Tensor] = []
        for segment in self._segments:
            x = _ran(segment, x)
            if segment.kept:
                maps.append(x)
        return maps if network.features_only else x

    def prepare(self) -> None:
        """Folds and packs what `network` holds now. Raises as `fused`."""
        self._state = State(self.network)
        self._hooks = [*hooks_of(self.network), *hooks_of(self.network.body)]
        self._segments = tuple(_segments(self.network))
        for segment in self._segments:
            if segment.layer is None:
                self._warn(f"{segment.parts[0].name} of {type(self.network).__name__}: {segment.parts[0].why_not}")

    @property
    def left(self) -> tuple[str, ...]:
        """Names of the layers that have no fused form, as the network is."""
        return tuple(segment.parts[0].name for segment in self._segments if segment.layer is None)

    def describe(self) -> str:
        """A line for each segment: which layers, and in how many calls or why as they are."""
        lines = []
        for segment in self._segments:
            first, last = segment.parts[0].name, segment.parts[-1].name
            names = first if first == last else f"{first} to {last}"
            lines.append(
                f"{names}: one call" if segment.layer else f"{names}: as its parts, {segment.parts[0].why_not}"
            )
        return "\n".join(lines)

    def selections(self, x: Tensor) -> dict[str, Tensor]:
        """(B, k) int64 for every ACH bottleneck with a fused form, by its name: the channels it chose, the best first.

        Slower than a call: every layer is made once more, and runs by itself.
        """
        chosen = {}
        with torch.inference_mode():
            for part in (part for segment in self._segments for part in segment.parts):
                layer = None if part.spec is None else _layer([part.spec])
                if part.spec is not None and part.spec.kind == "ach_bottleneck":
                    chosen[part.name] = _made(part.spec).selected(_channels_last(x))
                x = _ran(Segment((part,), layer, kept=False), x)
        return chosen

    def _as_it_is(self, network: HadaptiveNet, x: Tensor) -> str:
        """Why this call is the network's own, or nothing."""
        if self.training or network.training:
            return "it is in training mode"
        if x.dtype is not torch.float32 or not x.is_cpu:
            return f"x is {x.dtype} on {x.device}, and fused layers take torch.float32 on cpu"
        if torch.is_grad_enabled() and (x.requires_grad or any(one.requires_grad for one in network.parameters())):
            return "gradients are wanted; call it under torch.inference_mode()"
        if torch.is_autocast_enabled("cpu"):
            return "autocast is on"
        if needs_dispatcher(x) or any(self._hooks) or any(_EVERYWHERE):
            return "a graph is being made, or something watches the network or its operators"
        return ""

    def _warn(self, reason: str) -> None:
        if reason not in self._warned:
            self._warned.add(reason)
            line = f"not fused, runs as PyTorch's own modules: {reason}"
            warnings.warn(line, RuntimeWarning, stacklevel=4)


def fused(network: HadaptiveNet, *, watch: bool = True) -> FusedNet:
    """`network`, in eval mode, prepared for inference on a CPU; `watch` as FusedNet has it.

    It is shared, not copied. Raises UsageError for another module; MachineError where the library of layers cannot be
    built.
    """
    from impls.hadaptive.network import HadaptiveNet

    if not isinstance(network, HadaptiveNet):
        raise UsageError(f"fused() takes a HadaptiveNet, got {type(network).__name__}; `hadaptive_net_s()` makes one")
    return FusedNet(network, watch=watch)


def _segments(network: HadaptiveNet) -> Iterator[Segment]:
    """Neighbouring parts that have layers are one call, up to where a map is returned."""
    maps = {f"body.{info.layer}" for info in network.feature_maps} if network.features_only else set()
    waiting: list[Part] = []
    for part in _parts(network):
        if part.spec is None:
            yield from _joined(waiting)
            yield Segment((part,), None, kept=part.name in maps)
            waiting = []
            continue
        waiting.append(part)
        if part.name in maps:
            yield from _joined(waiting, kept=True)
            waiting = []
    yield from _joined(waiting)


def _joined(parts: list[Part], *, kept: bool = False) -> Iterator[Segment]:
    if parts:
        yield Segment(tuple(parts), _layer([part.spec for part in parts if part.spec]), kept)


def _layer(specs: list[Spec]) -> Layer:
    """One call for all of them."""
    return layers.network([_made(spec) for spec in joined(specs)])


def _made(spec: Spec) -> Layer:
    layer: Layer = getattr(layers, spec.kind)(**spec.arguments)
    return layer


def _parts(network: HadaptiveNet) -> Iterator[Part]:
    with torch.no_grad():
        for at, (name, module) in enumerate(named_layers(network)):
            try:
                yield Part(name, module, at == 0, spec_of(module, image=at == 0))
            except UsageError as exc:
                yield Part(name, module, at == 0, None, str(exc))


def _ran(segment: Segment, x: Tensor) -> Tensor:
    """(B, C, H, W) in any memory to the same of the next layer, or to scores (B, classes)."""
    if segment.layer is None:
        y: Tensor = segment.parts[0].module(x)
        return y
    y = segment.layer(x.contiguous() if segment.parts[0].image else _channels_last(x))
    return y.flatten(1) if segment.parts[-1].name == "head" else y.permute(0, 3, 1, 2)


def _channels_last(x: Tensor) -> Tensor:
    """(B, H, W, C) contiguous, without a copy where the memory is that already."""
    return x.permute(0, 2, 3, 1).contiguous()
