"""From a network's modules to what their fused layers are made of: BatchNorm folded, everything else a number.

Each function takes a module in eval mode and raises UsageError, with the reason, for one that has no such form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from impls.cross_hadamard.kernels import PUBLISHED
from impls.hadaptive.ach import ACH
from impls.hadaptive.ach_parts.affine import in_eval
from impls.hadaptive.ach_parts.selection import ChannelScores, LearnedSelection
from impls.hadaptive.blocks import CNA, AdaptiveBottleneck, Ghost, Head
from impls.hadaptive.fused.plain_form import Convolved, check_form, check_settled, convolved, exactly, of_cna
from impls.inference.folding import Folded, affine, folded
from opbench.errors import UsageError

if TYPE_CHECKING:
    from impls.hadaptive.network import HadaptiveNet


@dataclass(frozen=True)
class Spec:
    """One layer: `kind` is a function of `impls.inference.layers`, `arguments` what it takes, by name."""

    kind: str
    arguments: Mapping[str, Any]


def named_layers(network: HadaptiveNet) -> list[tuple[str, nn.Module]]:
    """The modules of a network that are a layer each, in order; the first reads the image."""
    found = [(f"body.{name}", one) for name, one in network.body.named_children()]
    return found if network.features_only else [*found, ("widen", network.widen), ("head", network.head)]


def spec_of(module: nn.Module, *, image: bool) -> Spec:
    """The layer that computes what `module` of a Hadaptive-Net does: a CNA, an AdaptiveBottleneck or a Head.

    image: whether its input is (B, C, H, W) and not channels last, which only a convolution takes.
    """
    check_settled(module)
    if type(module) is CNA:
        return _convolution(of_cna(module), image=image)
    if image:
        raise UsageError(f"a {type(module).__name__} on the image; only a convolution reads (B, C, H, W)")
    if type(module) is AdaptiveBottleneck:
        return _bottleneck(module)
    return _classifier(exactly(module, Head))


def _convolution(cna: Convolved, *, image: bool) -> Spec:
    convolution = cna.convolution
    stride, padding = _square(convolution.stride, "stride"), _square(convolution.padding, "padding")
    form = {"stride": stride, "padding": padding, "hardswish": cna.hardswish, "image_nchw": image}
    return Spec("convolution", folded(convolution, cna.norm)._asdict() | form)


def _bottleneck(block: AdaptiveBottleneck) -> Spec:
    if type(block.expand) is Ghost:
        return _ghost(block, block.expand)
    return _ach(block, exactly(block.expand, ACH))


def _ach(block: AdaptiveBottleneck, ach: ACH) -> Spec:
    if ach.backend.partition(":")[2] in PUBLISHED:
        raise UsageError(f"its products are by a published schedule, {ach.backend}")
    mix = _mix(*ach.mix)
    f, alpha, weight, bias = _normaliser(ach.norm)
    arguments = {
        "mix_weight": mix.weight,
        "mix_bias": mix.bias,
        "taps": _taps(ach.select),
        "k": ach.k,
        "norm_name": f,
        "alpha": alpha,
        "norm_weight": weight,
        "norm_bias": bias,
    }
    return Spec("ach_bottleneck", arguments | _behind(block, ach.out_channels))


def _mix(convolution: nn.Module, norm: nn.Module) -> Folded:
    """Weight (C, C), or (C,) where there is no convolution, and bias (C,)."""
    behind = exactly(norm, nn.BatchNorm2d)
    if type(convolution) is nn.Identity:
        return affine(behind)
    weight, bias = folded(exactly(convolution, nn.Conv2d), behind)
    return Folded(weight.flatten(1), bias)


def _taps(select: nn.Module) -> Tensor:
    scores = exactly(exactly(select, LearnedSelection).scores, ChannelScores)
    return scores.mix.weight.detach().flatten()


def _normaliser(norm: nn.Module) -> tuple[str, float, Tensor, Tensor]:
    """f by its name, alpha, weight (P,) and bias (P,)."""
    if type(norm) is nn.BatchNorm2d:
        return "identity", 1.0, *affine(norm)
    with torch.no_grad():
        found = in_eval(norm)
    if found is None:
        raise UsageError(f"pairs are normalised by {type(norm).__name__}, which is no f(alpha * v) * weight + bias")
    f, alpha, weight, bias, _ = found
    return f, float(alpha), weight.detach(), bias.detach()


def _ghost(block: AdaptiveBottleneck, ghost: Ghost) -> Spec:
    primary = of_cna(ghost.primary, hardswish=True)
    half = primary.convolution.out_channels
    cheap = of_cna(ghost.cheap, groups=half, hardswish=False)
    _check_kernel(primary.convolution, 1, 1)
    _check_kernel(cheap.convolution, 3, 1)
    weight, bias = folded(primary.convolution, primary.norm)
    cheap_weight, cheap_bias = folded(cheap.convolution, cheap.norm)
    arguments = {
        "primary_weight": weight.flatten(1),
        "primary_bias": bias,
        "cheap_weight": cheap_weight[:, 0],
        "cheap_bias": cheap_bias,
        "expanded": ghost.out_channels,
    }
    return Spec("ghost_bottleneck", arguments | _behind(block, ghost.out_channels))


def _behind(block: AdaptiveBottleneck, expanded: int) -> dict[str, Any]:
    """The depthwise convolution, weight (E, kh, kw), the projection, weight (c2, E), and what is around them."""
    spread = _spread(block)
    check_form(spread, groups=expanded, hardswish=True)
    project = of_cna(block.project, hardswish=False)
    _check_kernel(project.convolution, 1, 1)
    depthwise, projection = folded(spread.convolution, spread.norm), folded(project.convolution, project.norm)
    return {
        "depthwise_weight": depthwise.weight[:, 0],
        "depthwise_bias": depthwise.bias,
        "project_weight": projection.weight.flatten(1),
        "project_bias": projection.bias,
        "stride": _square(spread.convolution.stride, "stride"),
        "residual": block.residual,
    }


def _spread(block: AdaptiveBottleneck) -> Convolved:
    """The depthwise convolution, whose edges are those of `AdaptiveBottleneck`: an even kernel at stride 1 sees one row
    and one column of zeros more behind than before.
    """
    modules, padded = [*block.spread], False
    if isinstance(modules[0], nn.ZeroPad2d):
        if exactly(modules[0], nn.ZeroPad2d).padding != (0, 1, 0, 1):
            raise UsageError(f"zeros {modules[0].padding} around a map; expected (0, 1, 0, 1)")
        modules, padded = modules[1:], True
    found = convolved(modules)
    kernel, stride = _check_kernel(found.convolution)
    if padded != (stride == 1 and kernel % 2 == 0):
        raise UsageError(
            f"a {kernel}x{kernel} filter at stride {stride} {'with' if padded else 'without'} zeros before it"
        )
    return found


def _check_kernel(convolution: nn.Conv2d, kernel: int | None = None, stride: int | None = None) -> tuple[int, int]:
    """Its kernel and stride, square, with the padding (kernel - 1) // 2 of a CNA. Raises UsageError for others."""
    found = _square(convolution.kernel_size, "kernel"), _square(convolution.stride, "stride")
    if _square(convolution.padding, "padding") != (found[0] - 1) // 2:
        raise UsageError(f"a {found[0]}x{found[0]} convolution with padding {convolution.padding}")
    if found != (kernel or found[0], stride or found[1]):
        raise UsageError(f"a {found[0]}x{found[0]} convolution at stride {found[1]}; expected {kernel} at {stride}")
    return found


def _square(sizes: object, what: str) -> int:
    if not isinstance(sizes, tuple) or len(set(sizes)) != 1:
        raise UsageError(f"a convolution with {what} {sizes!r}; expected the same number both ways")
    return int(sizes[0])


def _classifier(head: Head) -> Spec:
    hide, activate, _ = head.hide
    exactly(activate, nn.Hardswish)
    hide, classify = exactly(hide, nn.Linear), exactly(head.classify, nn.Linear)
    arguments = {
        "hide_weight": hide.weight.detach(),
        "hide_bias": hide.bias.detach(),
        "classify_weight": classify.weight.detach(),
        "classify_bias": classify.bias.detach(),
    }
    return Spec("classifier", arguments)
