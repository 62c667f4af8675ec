"""Fewer layers that compute the same: two convolutions with nothing between them are one, where that is less work."""

from __future__ import annotations

from collections.abc import Iterable

from impls.hadaptive.fused.specs import Spec
from impls.inference.merging import merged


def joined(specs: Iterable[Spec]) -> list[Spec]:
    """The layers, the first of two replaced by both where `_worth_joining`."""
    found: list[Spec] = []
    for spec in specs:
        if found and _worth_joining(found[-1], spec):
            found[-1] = _both(found[-1], spec)
        else:
            found.append(spec)
    return found


def _worth_joining(first: Spec, second: Spec) -> bool:
    """Whether they are convolutions without padding and activation between, and one takes fewer multiply-adds."""
    if {first.kind, second.kind} != {"convolution"}:
        return False
    one, two = first.arguments, second.arguments
    if one["hardswish"] or one["padding"] or two["padding"]:
        return False
    (middle, inputs, before, _), (outputs, _, behind, _) = one["weight"].shape, two["weight"].shape
    # For one pixel of the output; the first is computed stride x stride times for it.
    apart = outputs * middle * behind**2 + middle * inputs * before**2 * two["stride"] ** 2
    kernel = before + (behind - 1) * one["stride"]
    return bool(outputs * inputs * kernel**2 <= apart)


def _both(first: Spec, second: Spec) -> Spec:
    one, two = first.arguments, second.arguments
    weight, bias = merged(one["weight"], one["bias"], two["weight"], two["bias"], first_stride=one["stride"])
    changed = {"weight": weight, "bias": bias, "stride": one["stride"] * two["stride"]}
    return Spec("convolution", {**one, **changed, "hardswish": two["hardswish"]})
