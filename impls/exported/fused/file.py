"""A Hadaptive-Net, or one of its blocks, as a file of one node, `FusedNetwork`: x and the folded weights to the output.

    from impls.exported.fused.file import export
    export(hadaptive_net_s().eval(), "fused.onnx")

With our library registered ONNX Runtime packs the weights once, when the session opens, and computes the node channels
last in one call; without, the function of standard nodes that travels in the file.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import torch
from torch import nn

from impls.exported.agreement import NEAR, check, drawn
from impls.exported.export import write
from impls.exported.fused.model import model_of
from impls.exported.onnx_file import EXPORT_S, sign
from impls.hadaptive.blocks import AdaptiveBottleneck
from impls.hadaptive.fused import joining, specs
from impls.hadaptive.fused.joining import joined
from impls.hadaptive.fused.specs import Spec, named_layers, spec_of
from impls.hadaptive.network import HadaptiveNet
from impls.inference import folding, merging
from opbench.errors import UsageError

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import Tensor


def export(
    model: nn.Module,
    path: str | Path,
    shape: tuple[int, ...] = (1, 3, 224, 224),
    *,
    channels_last: bool = False,
) -> Path:
    """Writes a Hadaptive-Net or an AdaptiveBottleneck as a file with input `x`, output `y`, float32, and any batch.

    shape: x's in PyTorch, (batch, channels, height, width). A network takes x so. A block's file has two transpositions
    around the node, and with channels_last none: its x is (batch, height, width, channels), and so is y.

    The file is held against PyTorch before it is written, as `impls.exported.export.export` does; `model` stays as it
    is. Returns the path. Raises UsageError for another module, a network that returns maps, one with channels_last, and
    one of which some layer has no fused form, with the reason; else as `export`.
    """
    return write(exported(model, shape, channels_last=channels_last), path)


def exported(model: nn.Module, shape: tuple[int, ...], *, channels_last: bool = False) -> ModelProto:
    """What `export` writes. Raises as it does, but for the disk."""
    block = isinstance(model, AdaptiveBottleneck)
    if not block and (not isinstance(model, HadaptiveNet) or model.features_only):
        what = f"a {type(model).__name__} has no file of one node"
        raise UsageError(f"{what}; expected a HadaptiveNet with a classifier, or an AdaptiveBottleneck")
    if channels_last and not block:
        raise UsageError(
            f"a {type(model).__name__} reads images with their channels first; only a block takes them last"
        )
    still = copy.deepcopy(model).eval().requires_grad_(requires_grad=False)
    start = perf_counter()
    layers, x = _specs(still), drawn(shape)
    if channels_last:
        still, x = ChannelsLast(still), x.permute(0, 2, 3, 1).contiguous()
    proto = model_of(layers, x.shape[1:], _made(still, x), channels_last=channels_last)
    proto.metadata_props.add(key=EXPORT_S, value=f"{perf_counter() - start:.3f}")
    sign(proto)
    check(proto, still, x, NEAR[torch.float32])
    return proto


class ChannelsLast(nn.Module):
    """A block from maps (B, H, W, C) to maps of that order."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.block(x.permute(0, 3, 1, 2))
        return y.permute(0, 2, 3, 1)


@lru_cache(maxsize=1)
def code_key() -> str:
    """Of the code that makes layers of modules, for the names of cached files."""
    digest = blake2b(digest_size=4)
    for module in (folding, merging, joining, specs):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def _specs(model: nn.Module) -> list[Spec]:
    network = isinstance(model, HadaptiveNet)
    layers = named_layers(model) if isinstance(model, HadaptiveNet) else [("it", model)]
    whole = "network" if network else type(model).__name__
    found = []
    for at, (name, module) in enumerate(layers):
        try:
            found.append(spec_of(module, image=network and at == 0))
        except UsageError as exc:
            raise UsageError(f"{name} has no fused form, so the {whole} is no single node: {exc}") from exc
    return joined(found)


@torch.no_grad()
def _made(model: nn.Module, x: Tensor) -> tuple[int, ...]:
    """The sizes of what the model makes of one sample; a block has to be run to tell."""
    if isinstance(model, HadaptiveNet):
        return (model.num_classes,)
    found: Tensor = model(x[:1])
    return tuple(found.shape[1:])
